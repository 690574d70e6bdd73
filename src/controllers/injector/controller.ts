/** One look at an injector: gather -> plan -> apply until nothing is left to do, then status. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { nextStep } from '../../domain/issuance.ts';
import { plan, type Facts } from '../../domain/plan.ts';
import { describeError } from '../../errors.ts';
import { isConflict } from '../../kube/errors.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import type { Reconcile, Result } from '../../runtime/controller.ts';
import type { InjectorObject } from '../caches.ts';
import { perform } from './apply.ts';
import { cleanUp } from './cleanup.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import { gather } from './gather.ts';
import { readSnapshot } from './snapshot.ts';
import { writeStatus } from './write-status.ts';

/** A first issue takes six passes. More than this many means that two rules undo each other. */
const MAX_PASSES = 15;
/** Even when nothing is due: what no watch told. */
const LOOK_AGAIN_MS = 300_000;
const SHORTEST_WAIT_MS = 20;

export function createInjectorReconcile(context: InjectorContext): Reconcile {
  const memories = new Map<string, Memory & { uid: string | undefined }>();

  return async (name, signal) => {
    const injector = await current(context, name, signal);
    if (injector === undefined || injector.metadata.deletionTimestamp !== undefined) {
      memories.delete(name);
      // `--cascade=orphan` asks that the objects stay.
      if (injector?.metadata.finalizers?.includes('orphan') !== true) await cleanUp(context, name, undefined, signal);
      return {};
    }
    const { uid } = injector.metadata;
    let memory = memories.get(name);
    if (memory?.uid !== uid || memory === undefined) {
      memory = { uid, probeFailures: 0, seen: { service: false, webhookConfiguration: false } };
      memories.set(name, memory);
    }
    return reconcileInjector(context, injector, memory, signal);
  };
}

/** From the cache; asked of the API server before it is taken for deleted. */
async function current(
  { client, caches }: InjectorContext,
  name: string,
  signal: AbortSignal,
): Promise<InjectorObject | undefined> {
  return (
    caches.injectors.get(name) ?? (await get<InjectorObject>(client, RESOURCES.sidecarInjectors, { name }, { signal }))
  );
}

async function reconcileInjector(
  context: InjectorContext,
  injector: SidecarInjector,
  memory: Memory,
  signal: AbortSignal,
): Promise<Result> {
  let snapshot = await readSnapshot(context, injector.metadata.name, signal);
  let gathered = await gather(context, injector, snapshot, memory, signal);
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const actions = plan(gathered.facts);
    if (actions.length === 0) break;
    try {
      for (const action of actions) {
        const update = await perform(context, injector, action, { ...gathered, snapshot }, memory, signal);
        snapshot = { ...snapshot, ...update };
      }
    } catch (error) {
      // What is known is told, also when it is only that the operator may not do what it should.
      if (!signal.aborted && !isConflict(error)) {
        await writeStatus(context, injector, { ...gathered.facts, trouble: describeError(error) }, signal);
      }
      throw error;
    }
    gathered = await gather(context, injector, snapshot, memory, signal);
  }
  await writeStatus(context, injector, gathered.facts, signal);
  return { requeueAfterMs: untilNext(gathered.facts, nowOf(context)) };
}

/** Milliseconds until something is due that no watch will tell. */
export function untilNext(facts: Facts, now: Date): number {
  const step = nextStep(facts.issuance);
  const due = [
    facts.template.trial?.again,
    facts.probe?.again,
    facts.identity?.renewalTime,
    step.step === 'Wait' ? step.waiting.until : undefined,
  ];
  const waits = due.flatMap((moment) =>
    moment === undefined || moment <= now ? [] : [moment.getTime() - now.getTime()],
  );
  return Math.max(SHORTEST_WAIT_MS, Math.min(LOOK_AGAIN_MS, ...waits));
}
