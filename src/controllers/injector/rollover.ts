/** The facts of a rollover: what is stored and published, for how long, and what every replica serves. */
import { configurationDrift, existingOf, leading, wantedConfiguration } from '../../domain/existing.ts';
import { at } from '../../domain/json.ts';
import { touchOf, type OperatorFacts } from '../../domain/plan-objects.ts';
import { knownAnchors, wantedBundle, type CurrentIdentity, type Facts } from '../../domain/plan.ts';
import type { RolloverFacts } from '../../domain/rollover.ts';
import { caBundle } from '../../domain/trust.ts';
import { probeWebhookName, webhookName } from '../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { MutatingWebhookConfiguration } from '../../kube/objects.ts';
import { publishedBundle, bundleDigest } from '../serving/published.ts';
import type { SecretState } from '../secret.ts';
import type { InjectorContext, Memory } from './context.ts';
import type { Seen } from './replicas.ts';
import type { Snapshot } from './snapshot.ts';
import { Steady } from './steady.ts';

/** What is remembered of a rollover. Losing it makes barriers wait once more. */
export class RolloverMemory {
  readonly steady = new Steady();
  #refusals = { key: '', baseline: new Map<string, number>(), count: 0, first: 0, last: 0 };

  /** Counts the refusals since this process first saw the state `key`. */
  refusals(
    key: string,
    counts: ReadonlyMap<string, number>,
    now: number,
  ): Pick<RolloverFacts, 'refusals' | 'firstRefusalAgoMs' | 'lastRefusalAgoMs'> {
    if (this.#refusals.key !== key) {
      this.#refusals = { key, baseline: new Map(counts), count: 0, first: Infinity, last: -Infinity };
    }
    const known = this.#refusals;
    let count = 0;
    for (const [name, value] of counts) count += Math.max(0, value - (known.baseline.get(name) ?? 0));
    if (count > known.count) {
      known.first = Math.min(known.first, now);
      known.last = now;
    }
    known.count = count;
    return { refusals: count, firstRefusalAgoMs: now - known.first, lastRefusalAgoMs: now - known.last };
  }
}

const NOBODY: Seen = { replicas: [], refusals: new Map(), refusedBy: undefined };

type Base = Pick<Facts, 'now' | 'identity' | 'next' | 'remembered' | 'putBack' | 'otherAnchors'>;

/** Undefined while there is nothing to serve and nothing to come. Replicas are asked only while something changes. */
export async function gatherRollover(
  context: InjectorContext,
  injector: SidecarInjector,
  snapshot: Snapshot,
  state: SecretState,
  base: Base,
  memory: Memory,
  signal: AbortSignal,
): Promise<Facts['rollover']> {
  const { identity, next } = base;
  const { secret, configuration, look } = snapshot;
  const anchors = wantedBundle(base);
  if (secret === undefined || anchors === undefined) return undefined;
  const { steady } = memory.rollover;
  const { rollover } = state;
  const changing = rollover.phase !== 'Stable';
  const wanted = caBundle(anchors);
  const stored = configuration as unknown as JsonObject | undefined;
  const object = wantedConfiguration(injector, context.operator, stored, wanted);
  const drift = object && configurationDrift(object, stored, knownAnchors(base));
  const key = `${secret.metadata.uid}/${rollover.seq}`;
  const published = publishedBundle(configuration, injector, context.operator);
  const trusts = bundleDigest(published);
  // Before the first call every replica has to serve; a configuration that was deleted is made anew without delay.
  const unknown = configuration === undefined && !memory.seen.webhookConfiguration;
  const probe = unknown || (changing && (rollover.phase !== 'Staged' || next?.failure !== undefined));
  const asked = { injector: injector.metadata.name, secret: secret.metadata.uid ?? '', trusts, probe };
  const seen = changing || unknown ? await context.replicas.look(asked, signal) : NOBODY;
  const facts: RolloverFacts = {
    state: rollover,
    current: identity && { ...sideOf(identity), leftMs: identity.notAfter.getTime() - base.now.getTime() },
    next: next && sideOf(next),
    hasPrevious: state.previousAnchors !== '',
    published:
      configuration === undefined || published === undefined
        ? // Nobody calls: there is nothing that could settle.
          { asWanted: true, altered: false, unchangedForMs: Infinity, touch: undefined }
        : {
            asWanted: publishes(configuration, wanted, injector, context.operator),
            altered: drift?.kind === 'Altered',
            unchangedForMs: steady.forMs('configuration', configuration.metadata.resourceVersion ?? '', look),
            touch: touchOf(configuration as unknown as JsonObject),
          },
    replicas: seen.replicas.map((one) => ({
      ...one,
      trustsPublished: one.trustsPublished || published === undefined,
    })),
    refusedBy: seen.refusedBy,
    ...memory.rollover.refusals(key, seen.refusals, context.clock.monotonic()),
    inPhaseForMs: steady.forMs('phase', key, look),
  };
  return { facts, timing: context.timing };
}

function sideOf({ fingerprint, failure }: CurrentIdentity): { fingerprint: string; failure?: string | undefined } {
  return { fingerprint, failure };
}

/** Do all entries that lead to us publish exactly this bundle? */
function publishes(
  configuration: MutatingWebhookConfiguration,
  pem: string,
  injector: SidecarInjector,
  operator: OperatorFacts,
): boolean {
  const { name } = injector.metadata;
  const encoded = Buffer.from(pem).toString('base64');
  const publishing = (webhook: unknown): boolean => at(webhook, ['clientConfig', 'caBundle']) === encoded;
  if (existingOf(injector) !== undefined) return leading(configuration, name, operator).every(publishing);
  const { webhooks = [] } = configuration;
  return [webhookName(name), probeWebhookName(name)].every((wanted) =>
    publishing(webhooks.find((webhook) => webhook.name === wanted)),
  );
}
