import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/**
 * Makes an RSA private key, as PKCS#8 PEM. The work runs on libuv's thread pool, never on the event loop.
 * RSA only: node-forge builds X.509 for nothing else (reference/certs.md 3.4). It can take seconds where CPU is scarce: whoever
 * has to stop meanwhile need not wait. Rejects with the signal's reason.
 */
export async function generatePrivateKey(bits: number, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const { privateKey } = await Promise.race([generate('rsa', { modulusLength: bits }), stopped.promise]);
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Reads a PEM private key; undefined when the text is no RSA private key (a Secret can be edited by hand). */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The public half as SubjectPublicKeyInfo PEM. */
export function publicKeyPem(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** SHA-256 of the SubjectPublicKeyInfo, in hex: tells one key from another. */
export function publicKeyDigest(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
