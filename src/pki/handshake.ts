/** What a server really serves: asked by a TLS handshake, as an API server would (reference/certs.md 3.1). */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { remembered } from './remembered.ts';

export interface HandshakeTarget {
  host: string;
  port: number;
  /** The name that the API server dials (SNI). */
  servername: string;
}

/** To make a context costs as much as a handshake, and all injectors of a signer share theirs. */
const trusting = remembered(32, (trusted) =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    // For an empty text Node would go by the authorities that come with it; an empty list is none.
    ca: trusted === '' ? [] : trusted,
    // As Go does, a certificate is an anchor also where it is no root: a pinned leaf.
    allowPartialTrustChain: true,
  }),
);

/**
 * The SHA-256 of the leaf that is served, in lower-case hex. Nothing is verified: this is to learn what is there.
 * Rejects when no handshake comes about within `timeoutMs`.
 */
export function servedFingerprint(target: HandshakeTarget, timeoutMs: number, signal?: AbortSignal): Promise<string> {
  return shake(target, trusting(''), timeoutMs, signal, (socket) => {
    const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
    if (fingerprint === undefined) throw new Error('no certificate was shown');
    return fingerprint.replaceAll(':', '').toLowerCase();
  });
}

/**
 * Why a client that dials this name and trusts these certificates (PEM) alone would not go on after the handshake; undefined
 * when it would. The server sees an orderly end either way, and no refusal.
 */
export async function handshakeFailure(
  target: HandshakeTarget,
  trusted: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (trusted === '') return 'nothing is trusted';
  try {
    return await shake(target, trusting(trusted), timeoutMs, signal, (socket) =>
      // Typed as an Error, it is a code where OpenSSL found the fault.
      socket.authorized ? undefined : String(socket.authorizationError),
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function shake<T>(
  target: HandshakeTarget,
  secureContext: SecureContext,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  look: (socket: TLSSocket) => T,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // No session is offered, so the server has to show its certificate.
  const socket = connect({
    ...target,
    secureContext,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  const onAbort = (): void => {
    socket.destroy(new Error(`no handshake within ${timeoutMs} ms`));
  };
  limit.addEventListener('abort', onAbort, { once: true });
  socket.once('secureConnect', () => {
    try {
      resolve(look(socket));
    } catch (error) {
      reject(error);
    }
    // An orderly end: the server does not take it for a refusal.
    socket.end();
  });
  socket.on('error', reject);
  socket.once('close', () => {
    limit.removeEventListener('abort', onAbort);
    reject(new Error('closed before the handshake'));
  });
  return promise;
}
