/** One renewal, from the wish to the last replica that serves the new certificate. */
import { X509Certificate } from 'node:crypto';
import { SIGNER_ANNOTATION, secretName, serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import { describeError } from '../../src/errors.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { until } from '../e2e/support/until.ts';
import type { Bed } from './bed.ts';
import { servedFingerprint } from './handshake.ts';

/** A renewal may meet a killed leader, faults and a busy machine. */
const LONGEST_RENEWAL_MS = 45_000;
/** DESIGN 3: two seconds; and the lag of the slower API server, and a busy machine. */
const LONGEST_FOLLOWING_MS = 4000;

const keyOf = (injector: string): { name: string; namespace: string } => ({
  name: secretName(injector),
  namespace: OPERATOR_NAMESPACE,
});

/** The fingerprint of the certificate that is stored; undefined while there is none. */
const storedFingerprint = async ({ environment }: Bed, injector: string): Promise<string | undefined> => {
  const secret = await get<Secret>(environment.client, RESOURCES.secrets, keyOf(injector));
  const pem = Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
  return pem === '' ? undefined : new X509Certificate(pem).fingerprint256;
};

/** The certificate is said to come of another signer: it has to be replaced, and under the same authority. */
const ask = async ({ environment }: Bed, injector: string): Promise<void> => {
  await environment.client.request({
    method: 'PATCH',
    path: resourcePath(RESOURCES.secrets, keyOf(injector)),
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [SIGNER_ANNOTATION]: 'example.com/renew' } } },
  });
};

/** Has the certificate of an injector replaced, and waits until every replica serves the new one. */
export const renew = async (bed: Bed, injector: string): Promise<void> => {
  const { figures } = bed;
  const before = await storedFingerprint(bed, injector);
  const asked = performance.now();
  try {
    await ask(bed, injector);
    const wanted = await until(
      `${injector} has a new certificate`,
      async () => {
        const now = await storedFingerprint(bed, injector);
        return now !== before && now;
      },
      { timeoutMs: LONGEST_RENEWAL_MS, everyMs: 20 },
    );
    figures.slowestRenewalMs = Math.max(figures.slowestRenewalMs, performance.now() - asked);
    const stored = performance.now();
    await until(
      `every replica serves the new certificate of ${injector}`,
      () => everyoneServes(bed, injector, wanted),
      {
        timeoutMs: LONGEST_FOLLOWING_MS,
      },
    );
    figures.slowestFollowerMs = Math.max(figures.slowestFollowerMs, performance.now() - stored);
    figures.renewals += 1;
  } catch (error) {
    figures.violate('broken promises', describeError(error));
  }
};

const everyoneServes = async ({ fleet }: Bed, injector: string, wanted: string): Promise<boolean> => {
  const name = serviceDnsName(injector, OPERATOR_NAMESPACE);
  const served = await Promise.all(fleet.replicas.map((replica) => servedFingerprint(replica, name)));
  return served.every((fingerprint) => fingerprint === wanted);
};
