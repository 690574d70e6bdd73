/** What a server really serves: asked by a TLS handshake, as an API server would (reference/certs.md 3.1). */
import { connect } from 'node:tls';

export interface HandshakeTarget {
  host: string;
  port: number;
  /** The name that the API server dials (SNI). */
  servername: string;
}

/**
 * The SHA-256 of the leaf that is served, in lower-case hex. Nothing is verified: this is to learn what is there.
 * Rejects when no handshake comes about within `timeoutMs`.
 */
export function servedFingerprint(target: HandshakeTarget, timeoutMs: number, signal?: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // No session is offered, so the server has to show its certificate.
  const socket = connect({ ...target, rejectUnauthorized: false, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  const onAbort = (): void => {
    socket.destroy(new Error(`no handshake within ${timeoutMs} ms`));
  };
  limit.addEventListener('abort', onAbort, { once: true });
  socket.once('secureConnect', () => {
    const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
    // An orderly end: the server does not take it for a refusal.
    socket.end();
    if (fingerprint === undefined) reject(new Error('no certificate was shown'));
    else resolve(fingerprint.replaceAll(':', '').toLowerCase());
  });
  socket.on('error', reject);
  socket.once('close', () => {
    limit.removeEventListener('abort', onAbort);
    reject(new Error('closed before the handshake'));
  });
  return promise;
}
