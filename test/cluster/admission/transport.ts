/** Connections to webhooks with the habits of Go's http.Transport, and its error messages (apiserver/pkg/util/webhook/client.go). */
import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { refuseCertificate } from './alert.ts';
import { verifyServer } from './x509.ts';

const IDLE_MS = 90_000;
const HANDSHAKE_MS = 10_000;

/** An error whose message is what Go would say. */
export class GoError extends Error {}

interface NodeError extends Error {
  code?: string;
  syscall?: string;
  reason?: string;
  hostname?: string;
  address?: string;
  port?: number;
  /** One for each address of a name, when all failed. */
  errors?: NodeError[];
}

/** crypto/tls/alert.go, for the alerts that OpenSSL reports by name. */
const ALERTS: [RegExp, string][] = [
  [/certificate required/, 'certificate required'],
  [/handshake failure/, 'handshake failure'],
  [/unknown ca/, 'unknown certificate authority'],
  [/bad certificate/, 'bad certificate'],
  [/certificate unknown/, 'unknown certificate'],
  [/protocol version/, 'protocol version not supported'],
  [/unrecognized name/, 'unrecognized name'],
  [/no application protocol/, 'no application protocol'],
  [/internal error/, 'internal error'],
];

/** Go's message for an error of Node's sockets. `shown` is the address to name when it is not the one that was dialled. */
export function goMessage(error: Error, shown: string, socket?: Socket): string {
  if (error instanceof GoError) return error.message;
  const [first] = (error as NodeError).errors ?? [];
  if (first) return goMessage(first, shown, socket);
  const { address: ip = '', port } = error as NodeError;
  const address = shown || `${ip.includes(':') ? `[${ip}]` : ip}:${port ?? ''}`;
  const { code = '', syscall = '', message, hostname } = error as NodeError;
  const text = message.toLowerCase();
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? address}: no such host`;
  if (syscall === 'connect' && code !== 'ECONNRESET') {
    const reasons: Record<string, string> = {
      ECONNREFUSED: 'connection refused',
      EHOSTUNREACH: 'no route to host',
      ENETUNREACH: 'network is unreachable',
    };
    return code === 'ETIMEDOUT'
      ? `dial tcp ${address}: i/o timeout`
      : `dial tcp ${address}: connect: ${reasons[code] ?? text}`;
  }
  if (text.includes('wrong version number') || text.includes('packet length too long'))
    return 'http: server gave HTTP response to HTTPS client';
  const alert = text.includes('alert') ? ALERTS.find(([pattern]) => pattern.test(text)) : undefined;
  if (alert) return `remote error: tls: ${alert[1]}`;
  const ends = socket?.localAddress ? `${socket.localAddress}:${socket.localPort}->${address}` : address;
  if (code === 'EPIPE') return `write tcp ${ends}: write: broken pipe`;
  if (code === 'ECONNRESET' && syscall !== '') return `read tcp ${ends}: read: connection reset by peer`;
  // Node's "socket hang up" and "disconnected before secure TLS connection": the peer closed.
  if (code === 'ECONNRESET') return 'EOF';
  return code.startsWith('HPE_') ? `net/http: HTTP/1.x transport connection broken: malformed HTTP response` : message;
}

function presented(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && !chain.some((known) => next?.raw.equals(known.raw))) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}

export interface PoolOptions {
  /** Who must be meant by the server's certificate: a name or an address. */
  verifiedName: string;
  /** A name to send in the handshake (SNI); none for addresses. */
  serverName: string;
  roots: X509Certificate[];
  /** Where to connect now: asked for each new connection. @throws GoError */
  dial(): { host: string; port: number; shown: string };
  /** No connection is used twice (Transport.DisableKeepAlives). */
  closeConnections?: boolean;
}

/**
 * The connections of one webhook client: HTTP/1.1, verified by Go's rules before a request is written, idle ones kept 90 s
 * whatever the server hints, at most 25.
 */
export class WebhookPool extends Agent {
  readonly #pool: PoolOptions;

  constructor(pool: PoolOptions) {
    super({ keepAlive: pool.closeConnections !== true, maxFreeSockets: 25, scheduling: 'lifo' });
    this.#pool = pool;
  }

  override createConnection(
    _options: RequestOptions,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { verifiedName, serverName, roots } = this.#pool;
    let address = '';
    let socket: TLSSocket | undefined;
    let timer: NodeJS.Timeout | undefined;
    const done = (failure?: Error): void => {
      clearTimeout(timer);
      socket?.removeListener('error', done);
      if (failure === undefined && socket) callback?.(null, socket);
      else {
        socket?.on('error', () => {}).destroy();
        const error = failure ?? new Error('no connection');
        // Node's agent looks at the error first; its type wants a stream nevertheless.
        callback?.(new GoError(goMessage(error, address, socket)), undefined as unknown as Duplex);
      }
    };
    try {
      const { host, port, shown } = this.#pool.dial();
      address = shown;
      const options: ConnectionOptions = {
        host,
        port,
        servername: serverName,
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.2',
        // Go's rules decide below; OpenSSL's differ.
        rejectUnauthorized: false,
      };
      socket = connect(options);
    } catch (error) {
      done(error as Error);
      return undefined;
    }
    socket.once('connect', () => {
      timer = setTimeout(() => done(new GoError('net/http: TLS handshake timeout')), HANDSHAKE_MS).unref();
    });
    socket.once('error', done);
    socket.once('secureConnect', () => {
      if (socket === undefined) return;
      const refusal = verifyServer(presented(socket), roots, verifiedName, new Date());
      if (refusal !== undefined) refuseCertificate(socket.remoteAddress ?? '', socket.remotePort ?? 0, serverName);
      done(refusal === undefined ? undefined : new GoError(`tls: failed to verify certificate: ${refusal}`));
    });
    return undefined;
  }

  /** Go ignores the server's `Keep-Alive: timeout=` hint, which Node's agent would heed. */
  override keepSocketAlive(socket: Socket): boolean {
    socket.setKeepAlive(true, 30_000);
    socket.setTimeout(IDLE_MS);
    socket.unref();
    return true;
  }
}
