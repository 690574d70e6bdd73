import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

export interface Request {
  method: string;
  url: URL;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Answers one request; `response` may also be left open, cut, or written slowly. */
export type Handler = (request: Request, response: http.ServerResponse) => void | Promise<void>;

export interface HttpServer extends AsyncDisposable {
  /** What answers; may be replaced at any time. */
  handler: Handler;
  readonly requests: Request[];
  /** TCP connections so far. */
  readonly connections: number;
  readonly url: string;
  /** Reads a kubeconfig for this server. */
  kubeConfig(user?: { token?: string }): KubeConfig;
}

/** A small HTTP server on loopback that does what a test tells it. With `tls`, over TLS. */
export const startHttpServer = async (
  handler: Handler,
  tls?: { key: string; cert: string; ca: string },
): Promise<HttpServer> => {
  const requests: Request[] = [];
  let connections = 0;
  const onRequest = async (incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', 'http://server'),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    await result.handler(request, response);
  };
  const listener: http.RequestListener = (incoming, response) => {
    onRequest(incoming, response).catch(() => response.destroy());
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const result = {
    handler,
    requests,
    url,
    get connections() {
      return connections;
    },
    kubeConfig: (user: { token?: string } = {}) => {
      const config = new KubeConfig();
      const trust = tls ? { caData: Buffer.from(tls.ca).toString('base64') } : { skipTLSVerify: true };
      config.loadFromClusterAndUser(
        { name: 'test', server: url, skipTLSVerify: false, ...trust },
        { name: 'test', ...user },
      );
      return config;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return result;
};

/** Answers with JSON. */
export const json = (
  response: http.ServerResponse,
  status: number,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

/** Answers with a Status, as the API server refuses. */
export const refuse = (
  response: http.ServerResponse,
  code: number,
  reason: string,
  {
    message = reason,
    headers = {},
    causes,
  }: { message?: string; headers?: http.OutgoingHttpHeaders; causes?: { reason: string }[] } = {},
): void =>
  json(
    response,
    code,
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code, details: { causes } },
    headers,
  );
