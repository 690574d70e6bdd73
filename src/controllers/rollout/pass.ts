/** One pass of a rollout: look at the workloads, plan, remember, evict. */
import { rolloutOf } from '../../api/v1alpha1/defaults.ts';
import type { ConditionUpdate } from '../../api/v1alpha1/conditions.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { decide } from '../../domain/decide.ts';
import { countPods } from '../../domain/pods.ts';
import { rolledOut } from '../../domain/rollout-report.ts';
import {
  planRollout,
  unavailableLimit,
  workloadOf,
  worthALook,
  type RolloutFacts,
  type RolloutPlan,
  type RolloutPod,
} from '../../domain/rollout.ts';
import type { Pod } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import type { Census, CountedPod } from '../pods/census.ts';
import type { RolloutContext } from './context.ts';
import { evict, type Outcome } from './evict.ts';
import { lookAt } from './looks.ts';
import { tidy, type Memory } from './memory.ts';
import { tellEviction } from './tell.ts';

/** So many workloads that are not being restarted yet are looked at in a pass, besides those that may begin. */
const MORE_LOOKS = 5;
const MOST_LOOKS = 30;
const FAILED_MS = 300_000;

/** Evicts what may be evicted now. `remember` is called before the first eviction. Gives back what to tell people. */
export async function makePass(
  context: RolloutContext,
  injector: SidecarInjector,
  census: Census,
  memory: Memory,
  remember: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<ConditionUpdate> {
  const now = context.clock.now();
  tidy(memory, new Set(census.pods.map(({ uid }) => uid)), now);
  const counted = census.pods.filter(({ uid }) => !memory.evicted.has(uid));
  const pods = counted.flatMap((pod) => restartable(pod) ?? []);
  const facts = await factsOf(context, injector, memory, { counted, pods, now }, signal);
  const plan = planRollout(facts);
  const allowed = memory.notPermitted === undefined ? plan.evict : [];
  const there = await stillThere(context, injector, allowed, memory, signal);
  const victims = await evictable(context, injector, there, memory, signal);
  const before = memory.attempts;
  memory.attempts = onlyFor(plan, victims, before);
  if (victims.length > 0) {
    memory.evictions.push(...victims.map(() => now));
    await remember(signal);
  }
  for (const pod of victims) {
    const happened =
      memory.notPermitted === undefined &&
      note(context, injector, memory, pod, await evict(context.client, pod, signal));
    if (!happened) undo(memory, pod, before);
  }
  return report(counted, pods, memory, plan);
}

function restartable({ state, controller, ...pod }: CountedPod): RolloutPod | undefined {
  const workload = workloadOf(pod.namespace, controller);
  if (workload === undefined || (state !== 'Current' && state !== 'Outdated' && state !== 'Missed')) return undefined;
  const { uid, namespace, name, createdAt } = pod;
  return { uid, namespace, name, state, createdAt, workload };
}

async function factsOf(
  { client }: RolloutContext,
  injector: SidecarInjector,
  memory: Memory,
  { counted, pods, now }: { counted: readonly CountedPod[]; pods: RolloutPod[]; now: number },
  signal: AbortSignal,
): Promise<RolloutFacts> {
  const { maxUnavailable, maxPerMinute } = rolloutOf(injector);
  const { matched } = countPods(counted.map(({ state }) => state));
  const facts: RolloutFacts = {
    now,
    revision: injector.status?.template?.revision ?? '',
    maxUnavailable: unavailableLimit(maxUnavailable, matched),
    maxPerMinute,
    pods: pods.filter(({ uid }) => !memory.hopeless.has(uid)),
    looks: new Map(),
    attempts: memory.attempts,
    evictions: memory.evictions,
    held: new Set(memory.held.keys()),
  };
  const workloads = worthALook(facts, Math.min(facts.maxUnavailable + MORE_LOOKS, MOST_LOOKS));
  const living = new Map<string, number>();
  for (const { controller } of counted) {
    if (controller !== undefined) living.set(controller.uid, (living.get(controller.uid) ?? 0) + 1);
  }
  const parts = { client, pods, living, attempts: memory.attempts, seenReady: memory.seenReady };
  return { ...facts, looks: await lookAt(parts, workloads, signal) };
}

/** Those that are there still, and that a restart can help: a missed pod may lack the sidecar for a reason that its spec tells. */
async function stillThere(
  { client, operator, inForce }: RolloutContext,
  injector: SidecarInjector,
  wanted: readonly RolloutPod[],
  memory: Memory,
  signal: AbortSignal,
): Promise<RolloutPod[]> {
  const victims: RolloutPod[] = [];
  for (const victim of wanted) {
    const { namespace, name, uid } = victim;
    const pod = await get<Pod>(client, RESOURCES.pods, { namespace, name }, { signal });
    if (pod === undefined || pod.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) continue;
    const kind = { group: '', version: 'v1', kind: 'Pod' };
    const request = { uid, kind, namespace, name, operation: 'CREATE', object: pod as unknown as JsonObject };
    const template = inForce(injector.metadata.name) ?? injector;
    const { reason, message } = decide(request, template, {}, { excludedNamespaces: [operator.namespace] });
    if (victim.state === 'Missed' && reason !== 'injected') memory.hopeless.set(uid, `${reason}: ${message}`);
    else victims.push(victim);
  }
  return victims;
}

/** Those that would go. So nothing is written down for an eviction that a budget or a missing right forbids. */
async function evictable(
  context: RolloutContext,
  injector: SidecarInjector,
  wanted: readonly RolloutPod[],
  memory: Memory,
  signal: AbortSignal,
): Promise<RolloutPod[]> {
  const victims: RolloutPod[] = [];
  for (const pod of wanted) {
    if (memory.notPermitted !== undefined) break;
    const outcome = await evict(context.client, pod, signal, { dryRun: true });
    if (outcome.result === 'evicted') victims.push(pod);
    else note(context, injector, memory, pod, outcome);
  }
  return victims;
}

/** Of what was planned, the attempts of those that are evicted. */
function onlyFor(plan: RolloutPlan, victims: readonly RolloutPod[], before: Memory['attempts']): Memory['attempts'] {
  const planned = new Set(plan.evict.map(({ workload }) => workload.uid));
  const going = new Set(victims.map(({ workload }) => workload.uid));
  return plan.attempts.flatMap((attempt) => {
    const { uid } = attempt.workload;
    if (!planned.has(uid) || going.has(uid)) return attempt;
    return before.find(({ workload }) => workload.uid === uid) ?? [];
  });
}

/** Remembers what came of an eviction. True when the pod goes. */
function note(
  context: RolloutContext,
  injector: SidecarInjector,
  memory: Memory,
  pod: RolloutPod,
  outcome: Outcome,
): boolean {
  const { clock, log, metrics, restarts } = context;
  const { name } = injector.metadata;
  const now = clock.now();
  metrics.count('rollout_evictions_total', { injector: name, result: outcome.result });
  log.info('eviction', { injector: name, pod: `${pod.namespace}/${pod.name}`, state: pod.state, ...outcome });
  switch (outcome.result) {
    case 'evicted':
    case 'gone':
      memory.evicted.add(pod.uid);
      if (outcome.result === 'evicted') tellEviction(context, injector, pod);
      return true;
    case 'not_permitted':
      memory.notPermitted = { until: now + restarts.holdMs, message: outcome.message };
      return false;
    case 'held':
    case 'failed':
    default: {
      const held = Math.max(restarts.holdMs, outcome.result === 'held' ? outcome.retryAfterMs : FAILED_MS);
      memory.held.set(pod.workload.uid, { until: now + held, message: outcome.message });
      return false;
    }
  }
}

/** Nothing happened: the workload is where it was. */
function undo(memory: Memory, { workload: { uid } }: RolloutPod, before: Memory['attempts']): void {
  memory.evictions.pop();
  const old = before.filter(({ workload }) => workload.uid === uid);
  memory.attempts = [...memory.attempts.filter(({ workload }) => workload.uid !== uid), ...old];
}

function report(
  counted: readonly CountedPod[],
  pods: readonly RolloutPod[],
  memory: Memory,
  { waits }: RolloutPlan,
): ConditionUpdate {
  const { outdated, missed } = countPods(counted.map(({ state }) => state));
  const known = new Set(pods.map(({ uid }) => uid));
  const [held] = memory.held.values();
  return rolledOut({
    outdated,
    missed,
    byHand: counted.filter(({ uid, state }) => (state === 'Outdated' || state === 'Missed') && !known.has(uid)).length,
    hopeless: { count: memory.hopeless.size, example: memory.hopeless.values().next().value },
    attempts: memory.attempts,
    waits: memory.held.size > 0 && !waits.includes('Budget') ? [...waits, 'Budget'] : waits,
    held: held?.message,
    notPermitted: memory.notPermitted?.message,
  });
}
