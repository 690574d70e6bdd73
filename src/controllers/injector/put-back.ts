/**
 * A hand puts back a Secret of an earlier day, whole and good in itself. Its phase says nothing of what has happened since: to go
 * by it would take away trust in what replicas serve now, before API servers and replicas have heard of anything else.
 */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { anchorsOf, judge, requiredNames } from '../identity.ts';
import { withRemembered } from '../rollover-state.ts';
import type { SecretState, StoredIdentity } from '../secret.ts';
import { distrust } from '../serving/identities.ts';
import { publishedBundle } from '../serving/published.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import type { Snapshot } from './snapshot.ts';

/** Can it be served now? */
export function isUsable(
  state: StoredIdentity | undefined,
  injector: SidecarInjector,
  { operator }: Pick<InjectorContext, 'operator'>,
  now: Date,
): state is StoredIdentity {
  if (state === undefined) return false;
  const names = requiredNames(injector.metadata.name, operator);
  return judge({ ...state, names, now, minimumRemainingSeconds: 0 }).failure === undefined;
}

/**
 * The state to write back in place of a stored one that is older; undefined where what is stored is the newest. `seq` counts
 * every step up, so whoever saw a greater one knows. A leader that saw none knows what it serves itself: while that is trusted
 * by what is published, the Secret speaks of its anchors.
 */
export function newerState(
  context: Pick<InjectorContext, 'operator' | 'serving' | 'clock'>,
  injector: SidecarInjector,
  { secret, configuration }: Pick<Snapshot, 'secret' | 'configuration'>,
  state: SecretState,
  memory: Pick<Memory, 'newest'>,
): SecretState | undefined {
  const uid = secret?.metadata.uid ?? '';
  const now = nowOf(context);
  const { newest } = memory;
  if (
    newest?.uid === uid &&
    state.rollover.seq < newest.state.rollover.seq &&
    isUsable(newest.state, injector, context, now)
  ) {
    return { ...newest.state, rollover: { ...newest.state.rollover, seq: newest.state.rollover.seq + 1 } };
  }
  const served = context.serving.served(injector.metadata.name);
  const published = publishedBundle(configuration, injector, context.operator);
  if (
    served !== undefined &&
    published !== undefined &&
    !knows(state, served.state) &&
    isUsable(served.state, injector, context, now) &&
    distrust(served, published, now) === undefined
  ) {
    return withRemembered(state, served.state, published);
  }
  memory.newest = { uid, state };
  return undefined;
}

/** Does the Secret speak of all that verifies the identity, be it on its way out? */
function knows({ anchors, next, previousAnchors }: SecretState, identity: StoredIdentity): boolean {
  const spoken = new Set(
    [anchors, next?.anchors ?? '', previousAnchors].flatMap(anchorsOf).map(({ fingerprint }) => fingerprint),
  );
  return anchorsOf(identity.anchors).every(({ fingerprint }) => spoken.has(fingerprint));
}
