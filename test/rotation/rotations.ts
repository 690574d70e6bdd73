/** A renewal and a rollover, each from the wish to the moment when nothing of it is left to do. */
import { X509Certificate } from 'node:crypto';
import { secretName, serviceDnsName, webhookConfigurationName } from '../../src/api/v1alpha1/names.ts';
import { ROTATE_ANNOTATION } from '../../src/api/v1alpha1/rotation.ts';
import { readState, type SecretState } from '../../src/controllers/secret.ts';
import { describeError } from '../../src/errors.ts';
import type { MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { injectorStatus } from '../e2e/support/fixture.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { until, type UntilOptions } from '../support/until.ts';
import { SIGNERS, type Bed } from './bed.ts';
import { servedFingerprint } from './handshake.ts';

/** Something that is done to an injector, up to the moment when nothing of it is left to do or the signal aborts. */
export type Deed = (bed: Bed, injector: string, signal: AbortSignal) => Promise<void>;

const limitOf = ({ options }: Bed): UntilOptions => ({ timeoutMs: options.patienceMs, everyMs: 25 });
/** DESIGN 3: two seconds; and the lag of the slower API server, and a busy machine. How long it took to ask does not count. */
const LONGEST_FOLLOWING_MS = 4000;

const stateOf = async ({ environment }: Bed, injector: string): Promise<SecretState> => {
  const key = { name: secretName(injector), namespace: OPERATOR_NAMESPACE };
  const secret = await get<Secret>(environment.client, RESOURCES.secrets, key);
  if (secret === undefined) throw new Error(`${injector} has no Secret`);
  return readState(secret);
};

const patchInjector = async ({ environment }: Bed, name: string, body: object): Promise<void> => {
  await environment.client.request({
    method: 'PATCH',
    path: resourcePath(RESOURCES.sidecarInjectors, { name }),
    contentType: 'application/merge-patch+json',
    body,
  });
};

let wishes = 0;
const wish = (kind: 'leaf' | 'ca'): object => {
  wishes += 1;
  return { metadata: { annotations: { [ROTATE_ANNOTATION]: `${kind}-${wishes}` } } };
};

/** Has the certificate of an injector replaced under the same authority, and waits until every replica serves the new one. */
export const renew: Deed = async (bed, injector, signal) => {
  const { figures } = bed;
  try {
    const before = await until(`${injector} has a Secret`, () => stateOf(bed, injector), limitOf(bed));
    const bundle = await published(bed, injector);
    const asked = performance.now();
    await patchInjector(bed, injector, wish('leaf'));
    let stored = await until(
      `${injector} has a new certificate`,
      async () => {
        const now = signal.aborted ? before : await stateOf(bed, injector);
        return (signal.aborted || now.certificate !== before.certificate) && now;
      },
      limitOf(bed),
    );
    if (signal.aborted) return;
    figures.slowestRenewalMs = Math.max(figures.slowestRenewalMs, performance.now() - asked);
    let storedAt = performance.now();
    let slowestAnswerMs = 0;
    await until(
      `every replica serves the new certificate of ${injector}`,
      async () => {
        const asked = performance.now();
        const now = await stateOf(bed, injector);
        // Somebody had it replaced again.
        if (now.certificate !== stored.certificate) [stored, storedAt] = [now, asked];
        const serving = await areServing(bed, injector, now.certificate).catch(() => false);
        slowestAnswerMs = Math.max(slowestAnswerMs, performance.now() - asked);
        return serving;
      },
      { timeoutMs: bed.options.patienceMs },
    );
    const followedMs = performance.now() - storedAt - slowestAnswerMs;
    if (bed.options.alone && followedMs > LONGEST_FOLLOWING_MS)
      throw new Error(`a replica followed after ${followedMs.toFixed(0)} ms`);
    figures.slowestFollowerMs = Math.max(figures.slowestFollowerMs, followedMs);
    // The authority is one for all injectors: a rollover of another one makes this a rollover, too.
    if (stored.anchors !== before.anchors) {
      figures.rollovers += 1;
      return await renew(bed, injector, signal);
    }
    const stable = before.rollover.phase === 'Stable';
    if (bed.options.alone && stable && (await published(bed, injector)) !== bundle)
      throw new Error('the caBundle is another one');
    figures.renewals += 1;
  } catch (error) {
    figures.violate('broken promises', `a renewal: ${describeError(error)}`);
  }
};

/** Has the authority of an injector replaced, and waits until the old one is trusted no more. */
export const rollOver: Deed = async (bed, injector, signal) => {
  const { figures } = bed;
  try {
    const before = await until(`${injector} has a Secret`, () => stateOf(bed, injector), limitOf(bed));
    const asked = performance.now();
    await askForAuthority(bed, injector);
    await until(
      `the authority of ${injector} is another one`,
      async () => {
        if (signal.aborted) return true;
        const { rollover, anchors, certificate } = await stateOf(bed, injector);
        const done = rollover.phase === 'Stable' && anchors !== before.anchors;
        if (!done) throw new Error(`${rollover.phase}, after ${rollover.reverts} reverts`);
        return (await published(bed, injector)) === anchors && (await areServing(bed, injector, certificate));
      },
      limitOf(bed),
    );
    if (signal.aborted) return;
    figures.slowestRolloverMs = Math.max(figures.slowestRolloverMs, performance.now() - asked);
    figures.rollovers += 1;
  } catch (error) {
    figures.violate('broken promises', `a rollover: ${describeError(error)}`);
  }
};

/** By chance a new authority of the operator's own, or another signer. */
const askForAuthority = async (bed: Bed, injector: string): Promise<void> => {
  const { spec } = await injectorStatus(bed.environment.client, injector);
  const [own, cluster] = SIGNERS;
  const isOwn = spec.certificate?.signerName === own;
  const timeoutSeconds = spec.webhook?.timeoutSeconds === 6 ? 5 : 6;
  const webhook = bed.options.edits ? { webhook: { timeoutSeconds } } : {};
  if (isOwn && bed.random() < 0.5) await patchInjector(bed, injector, { ...wish('ca'), spec: webhook });
  else {
    const certificate = { signerName: isOwn ? cluster : own };
    await patchInjector(bed, injector, { spec: { certificate, ...webhook } });
  }
};

const published = async ({ environment }: Bed, injector: string): Promise<string> => {
  const key = { name: webhookConfigurationName(injector) };
  const found = await get<MutatingWebhookConfiguration>(
    environment.client,
    RESOURCES.mutatingWebhookConfigurations,
    key,
  );
  return Buffer.from(found?.webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString('utf8');
};

const areServing = async ({ fleet }: Bed, injector: string, certificate: string): Promise<boolean> => {
  const wanted = new X509Certificate(certificate).fingerprint256;
  const name = serviceDnsName(injector, OPERATOR_NAMESPACE);
  const served = await Promise.all(fleet.replicas.map((replica) => servedFingerprint(replica, name)));
  return served.every((fingerprint) => fingerprint === wanted);
};
