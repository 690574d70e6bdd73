/** The admission server: HTTPS with one identity per injector, chosen by the name that the API server dials (SNI). */
import { constants } from 'node:crypto';
import { type Server, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { operatorError } from '../errors.ts';
import { type AppOptions, createListener } from './app.ts';
import { BODIES_DEFAULTS, Bodies, type BodiesOptions } from './bodies.ts';
import { DRAIN_DEFAULTS, type DrainOptions, Traffic } from './drain.ts';
import { MAX_STRANGERS, Strangers } from './strangers.ts';

export interface AdmissionServerOptions extends Omit<AppOptions, 'traffic' | 'maxInFlight' | 'bodies'> {
  /** The identity for a server name, such as `sidecar-injector-nginx.sidecar-injector.svc`. */
  secureContext: (servername: string) => SecureContext | undefined;
  host: string;
  /** 0 for any free port. */
  port: number;
  maxInFlight?: number;
  maxStrangers?: number;
  bodies?: Partial<BodiesOptions>;
  drain?: Partial<DrainOptions>;
}

export interface AdmissionServer {
  /** Resolves with the address when connections are taken. */
  listen(): Promise<AddressInfo>;
  /** The identity for clients that send no server name: a webhook by `clientConfig.url` with an IP address. `ca`: of clients. */
  useDefaultIdentity(identity: { key: string; cert: string; ca?: string }): void;
  /** Leaves without a failed call; see drain.ts. Set readiness to false before. An abort hurries it up. */
  drain(signal?: AbortSignal): Promise<void>;
}

const MAX_IN_FLIGHT = 512;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 4096;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const SWEEP_MS = 1000;

/**
 * Go's client keeps idle connections for 90 s and does not send a POST twice: whoever closes first must be the client,
 * with room to spare. The same holds for connections that it opened and has not used yet, which Node counts against
 * headersTimeout; requestTimeout may not be shorter than that.
 */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 125_000;
const REQUEST_TIMEOUT_MS = 130_000;

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const traffic = new Traffic();
  const strangers = new Strangers(options.maxStrangers ?? MAX_STRANGERS);
  const bodies = new Bodies({ ...BODIES_DEFAULTS, ...options.bodies });
  const { maxInFlight = MAX_IN_FLIGHT } = options;
  const listener = createListener({ ...options, traffic, bodies, maxInFlight });
  // Certificates of clients are verified with the authorities of the context, without a word in the handshake (clients.ts), and
  // in each one: nothing is resumed.
  const verifying = { requestCert: true, rejectUnauthorized: false, secureOptions: constants.SSL_OP_NO_TICKET };
  const tls = { minVersion: 'TLSv1.2', ...(options.clients !== undefined && verifying) } as const;
  const server = createServer(
    {
      ...tls,
      // Without a context of its own a name gets the default identity; without that the handshake fails, as it should.
      SNICallback: (servername, callback) => callback(null, options.secureContext(servername)),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => {
      strangers.call(request.socket);
      listener(request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    traffic.arrived();
    strangers.come(socket);
  });
  server.on('secureConnection', (socket) => strangers.speak(socket));
  const sweeping = setInterval(() => {
    strangers.sweep();
    bodies.sweep();
  }, SWEEP_MS).unref();
  server.once('close', () => clearInterval(sweeping));
  server.on('tlsClientError', (error, socket) => reportHandshake(error, socket, options));

  return {
    listen: () => listen(server, options.host, options.port),
    useDefaultIdentity: (identity) => server.setSecureContext({ ...tls, ...identity }),
    drain: (signal = new AbortController().signal) =>
      drain(server, traffic, { ...DRAIN_DEFAULTS, ...options.drain }, signal),
  };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(operatorError('SI1003', { address: `${host}:${port}`, detail: error.message }, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address);
    });
  });
}

async function drain(server: Server, traffic: Traffic, limits: DrainOptions, signal: AbortSignal): Promise<void> {
  traffic.enter('draining');
  await traffic.quiet(limits, signal);
  traffic.enter('refusing');
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await traffic.idle(limits.inFlightMs, signal);
  server.closeAllConnections();
  await closed;
}

/**
 * What a client says that does not trust us: alert 42 of Go's, 48 and 45 and 46 of others. Before the alert's name stands
 * a protocol's, which differs between versions of OpenSSL (SSLV3 in Node 20, SSL/TLS in Node 24).
 */
const UNTRUSTED = /_ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN)$/;

function reportHandshake(error: Error, socket: TLSSocket, { log, observer }: AdmissionServerOptions): void {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const untrusted = UNTRUSTED.test(code);
  const servername = typeof socket.servername === 'string' ? socket.servername : '';
  const remoteAddress = socket.remoteAddress ?? '';
  observer.handshakeFailed?.({ servername, remoteAddress, untrusted, code });
  // Port scans and health checks of balancers break off handshakes all day.
  const write = untrusted ? log.warn.bind(log) : log.debug.bind(log);
  write('[tls_handshake_failed]', { servername, remote: remoteAddress, untrusted, reason: code });
}
