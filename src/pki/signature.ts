import { sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

const signAsync = promisify(sign);

/** What node-forge signs: certificates and certification requests. */
interface Signable {
  sign(key: forge.pki.PrivateKey, digest: forge.md.MessageDigest): void;
  signature: unknown;
}

/** Given to node-forge in place of a key, so that it prepares everything that is to be signed but signs nothing. */
const NO_KEY = { sign: () => '' } as unknown as forge.pki.PrivateKey;

/**
 * Signs what node-forge has built, with RSASSA-PKCS1-v1_5 and SHA-256. The signature is made by OpenSSL on libuv's thread
 * pool (1 ms); node-forge's own big integers would hold the event loop, and so admission, for 50 to 150 ms.
 * The scheme has no randomness: the same key and content give the same bytes.
 *
 * @param signedPart the ASN.1 that the signature covers; read after node-forge prepared it
 */
export async function signNatively<T extends Signable>(
  document: T,
  key: KeyObject,
  signedPart: (document: T) => forge.asn1.Asn1 | null,
): Promise<void> {
  document.sign(NO_KEY, forge.md.sha256.create());
  const content = signedPart(document);
  if (content === null) throw new Error('node-forge prepared nothing to sign');
  const signature = await signAsync('sha256', Buffer.from(forge.asn1.toDer(content).getBytes(), 'binary'), key);
  document.signature = signature.toString('binary');
}
