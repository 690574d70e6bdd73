/** Servers that answer instead of the operator, each wrong in its way. They listen on any port of 127.0.0.1. */
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';

export interface Running {
  port: number;
  close(): Promise<void>;
}

export interface Identity {
  /** PEM. */
  cert: string;
  key: string;
}

async function listen(server: Server & { closeAllConnections(): void }): Promise<Running> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const plainHttp = (): Promise<Running> => listen(createHttp((_, response) => response.end('hello')));

export const https = (identity: Identity, answer: RequestListener, wantsClient = false): Promise<Running> =>
  listen(createHttps({ ...identity, ...(wantsClient && { requestCert: true, rejectUnauthorized: true }) }, answer));

/** Reads the request and says this. */
export const saying =
  (status: number, body: string, type = 'application/json'): RequestListener =>
  (request, response) => {
    request.resume().once('end', () => response.writeHead(status, { 'content-type': type }).end(body));
  };

/** Takes the request, and never answers. */
export const silence: RequestListener = (request: IncomingMessage, _response: ServerResponse) => void request.resume();

/** Answers with a review that is made of the one that was asked. */
export const reviewing =
  (make: (uid: string) => object): RequestListener =>
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { request: asked } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { request: { uid: string } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(make(asked.uid)));
    });
  };

export const review = (response: object): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response,
});

export const patched = (uid: string, patch: string, patchType: string | null = 'JSONPatch'): object =>
  review({
    uid,
    allowed: true,
    patch: Buffer.from(patch).toString('base64'),
    ...(patchType !== null && { patchType }),
  });
