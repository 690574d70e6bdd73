import { createPublicKey } from 'node:crypto';
import { createAuthority, issueServing } from '../../src/pki/authority.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';

/** A key, its certificate and the authority that signed that, as PEM. */
export interface Identity {
  ca: string;
  key: string;
  cert: string;
}

/** A new authority and a leaf of it for a server's name; both are good for a day. */
export async function identityFor(serverName: string): Promise<Identity> {
  const now = new Date();
  const lifetimeSeconds = 24 * 3600;
  const authority = await createAuthority({ name: 'test', now, lifetimeSeconds, keySize: 2048 });
  const key = await generatePrivateKey(2048);
  const cert = await issueServing({
    authority,
    publicKey: createPublicKey(key),
    identity: { commonName: serverName, dnsNames: [serverName], ipAddresses: [] },
    now,
    lifetimeSeconds,
  });
  return { ca: authority.certificate, key, cert };
}
