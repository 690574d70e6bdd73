import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Authenticator } from '../auth/index.ts';
import type { Identity } from '../identity.ts';
import { readBody } from './body.ts';
import { handle, textOf } from './handler.ts';
import type { Request, Response, Serving } from './handler.ts';

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

export interface HttpServer {
  port: number;
  /** Ends the server and cuts all connections. */
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 90_000;

const SESSION_MEGABYTES = 1000;

interface Options {
  port: number;
  identity: Identity;
  /** PEM; clients may prove who they are by a certificate that this authority signed. */
  clientCA: string;
  authenticator: Authenticator;
}

/** Serves the cluster on 127.0.0.1 over TLS, with HTTP/2 and HTTP/1.1. */
export async function listen(serving: Serving, options: Options): Promise<HttpServer> {
  const { identity, clientCA, authenticator } = options;
  const server = createSecureServer({
    allowHTTP1: true,
    cert: identity.certificate,
    key: identity.key,
    ca: clientCA,
    requestCert: true,
    // Who shows no certificate, or a wrong one, is answered 401 or 403 instead of being cut off.
    rejectUnauthorized: false,
    // net/http's idle timeout in k8s.io/apiserver/pkg/server/secure_serving.go; Node's five seconds would cut clients off.
    http1Options: { keepAliveTimeout: IDLE_TIMEOUT_MS },
    // Node counts what waits to be sent; beside one long list, ten megabytes would refuse every other request of its connection.
    maxSessionMemory: SESSION_MEGABYTES,
    settings: { maxConcurrentStreams: 1000 },
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
  });
  server.on('request', (incoming: Incoming, outgoing: Outgoing) => {
    void serve(serving, authenticator, incoming, outgoing);
  });
  server.on('sessionError', () => {});
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => close(server, sockets) };
}

async function close(server: Http2SecureServer, sockets: Set<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

async function serve(
  serving: Serving,
  authenticator: Authenticator,
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<void> {
  outgoing.on('error', () => {});
  const request: Request = {
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers: incoming.headers,
    body: () => readBody(incoming),
    user: () => authenticator.authenticate(incoming.headers, peerCertificate(incoming)),
    local: false,
  };
  try {
    send(serving, request, await handle(serving, request), incoming, outgoing);
  } catch (error) {
    // The connection went away while the answer was being written.
    outgoing.destroy(error as Error);
  }
}

/** The client's certificate in DER; it is the same for the life of a connection. */
const peers = new WeakMap<object, Buffer | undefined>();

function peerCertificate(incoming: Incoming): Buffer | undefined {
  const socket = 'stream' in incoming ? incoming.stream.session?.socket : incoming.socket;
  if (!(socket instanceof TLSSocket)) return undefined;
  if (!peers.has(socket)) peers.set(socket, socket.getPeerX509Certificate()?.raw);
  return peers.get(socket);
}

function send(serving: Serving, request: Request, response: Response, incoming: Incoming, outgoing: Outgoing): void {
  if (response.cut && !response.watch) return cut(incoming);
  const { status, headers, watch } = response;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.setHeader('cache-control', 'no-cache, private');
  outgoing.statusCode = status;
  if (watch) {
    // A watch answers at once, also when nothing has happened yet.
    if ('stream' in outgoing) outgoing.writeHead(status);
    else outgoing.flushHeaders();
    const { resource, namespace } = watch.watch;
    serving.watches.add(outgoing, { resource, ...(namespace === undefined ? {} : { namespace }) });
    watch.watch.run(outgoing, watch.encode);
    if (response.cut) cut(incoming);
    return;
  }
  const { contentType, text } = textOf(response);
  if (contentType !== undefined && !outgoing.hasHeader('content-type')) outgoing.setHeader('content-type', contentType);
  const bytes = Buffer.from(text);
  outgoing.setHeader('content-length', bytes.length);
  if (request.method === 'HEAD') outgoing.end();
  else outgoing.end(bytes);
}

function cut(incoming: Incoming): void {
  if ('stream' in incoming) incoming.stream.destroy(new Error('a fault was injected'));
  else incoming.socket.destroy();
}
