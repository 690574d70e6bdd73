/** One look at an injector: gather -> plan -> apply until nothing is left to do, then status. */
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { restoreAt } from '../../domain/demotion.ts';
import { nextStep } from '../../domain/issuance.ts';
import { plan, repairOf, rolloverStep, truceUntil, type Facts } from '../../domain/plan.ts';
import { isTold, skewText } from '../../domain/skew.ts';
import { statusOf, troubledStatus } from '../../domain/status.ts';
import { stepOf } from '../../domain/steps.ts';
import { describeError } from '../../errors.ts';
import { isConflict } from '../../kube/errors.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import { isNewer } from '../../kube/versions.ts';
import type { Reconcile, Result } from '../../runtime/controller.ts';
import type { InjectorObject } from '../caches.ts';
import { perform } from './apply.ts';
import { cleanUp } from './cleanup.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import { recordEvent } from './events.ts';
import { gather } from './gather.ts';
import { countFailure } from './measure.ts';
import { RolloverMemory } from './rollover.ts';
import { readSnapshot } from './snapshot.ts';
import { writeStatus } from './write-status.ts';

/** A first issue takes six passes. More than this many means that two rules undo each other. */
const MAX_PASSES = 15;
/** More of them tell nothing new about a fight. */
const MOST_REPAIRS = 10;
/** Even when nothing is due: what no watch told. */
const LOOK_AGAIN_MS = 300_000;
/** What caBundleFrom names is not watched. */
const READ_TRUST_AGAIN_MS = 30_000;
const SHORTEST_WAIT_MS = 20;
/** Less is what NTP does, and delays nothing by more than that. */
const SET_BACK_MS = 5000;

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
      const seen = { service: false, webhookConfiguration: false };
      memory = {
        uid,
        probeFailures: 0,
        repairs: [],
        seen,
        rollover: new RolloverMemory(),
        wallAhead: wallAhead(context),
      };
      memories.set(name, memory);
    }
    forgetLaterInstants(memory, wallAhead(context));
    return reconcileInjector(context, newest(injector, memory), memory, signal);
  };
}

/** How far the wall clock is ahead of the monotonic one, in milliseconds: it changes when somebody sets the clock. */
const wallAhead = ({ clock }: InjectorContext): number => clock.now() - clock.monotonic();

/** When the wall clock was set back, what was put off waits for instants that are far now: it is tried again instead. */
export function forgetLaterInstants(memory: Memory, ahead: number): void {
  if (ahead < memory.wallAhead - SET_BACK_MS) {
    delete memory.trial;
    delete memory.probe;
    delete memory.approvalRefused;
    memory.repairs = [];
  }
  memory.wallAhead = ahead;
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

/** The cache may not have heard of our own last write yet; what follows from the status before it would be said twice. */
function newest(known: InjectorObject, memory: Memory): InjectorObject {
  const { written } = memory;
  if (written !== undefined && isNewer(written, known)) return written;
  delete memory.written;
  return known;
}

async function reconcileInjector(
  context: InjectorContext,
  injector: SidecarInjector,
  memory: Memory,
  signal: AbortSignal,
): Promise<Result> {
  try {
    const facts = await work(context, injector, memory, signal);
    await writeStatus(context, injector, statusOf(facts), facts, memory, signal);
    tellSkew(context, injector, memory);
    return { requeueAfterMs: untilNext(facts, nowOf(context)) };
  } catch (error) {
    // A conflict is everyday life. Everything else is told, above all what the operator has no right to do.
    if (!signal.aborted && !isConflict(error)) {
      const status = troubledStatus(injector, describeError(error), nowOf(context));
      await writeStatus(context, injector, status, undefined, memory, signal);
    }
    throw error;
  }
}

/** Once, until the clocks have agreed again. */
function tellSkew(context: InjectorContext, injector: SidecarInjector, memory: Memory): void {
  const skew = context.skewMs?.() ?? 0;
  const told = memory.skewTold === true;
  memory.skewTold = isTold(skew);
  if (told || !isTold(skew)) return;
  recordEvent(context, injector, { type: 'Warning', reason: 'ClockSkew', action: 'Look', note: skewText(skew) });
}

async function work(
  context: InjectorContext,
  injector: SidecarInjector,
  memory: Memory,
  signal: AbortSignal,
): Promise<Facts> {
  let snapshot = await readSnapshot(context, injector, signal).catch((error: unknown) => {
    countFailure(context, injector, 'read', error);
    throw error;
  });
  for (let pass = 0; ; pass += 1) {
    const gathered = await gather(context, injector, snapshot, memory, signal);
    const actions = plan(gathered.facts);
    if (actions.length === 0 || pass === MAX_PASSES) return gathered.facts;
    const failures: unknown[] = [];
    for (const action of actions) {
      try {
        const update = await perform(context, injector, action, { ...gathered, snapshot }, memory, signal);
        snapshot = { ...snapshot, ...update, look: { ...snapshot.look, done: context.clock.monotonic() } };
        if (repairOf(action) !== undefined) memory.repairs = [...memory.repairs, nowOf(context)].slice(-MOST_REPAIRS);
      } catch (error) {
        // One thing that cannot be done must not keep a repair from being made.
        failures.push(error);
        countFailure(context, injector, stepOf(action), error);
      }
    }
    // A conflict weighs least: whatever else went wrong is what people should read.
    if (failures.length > 0) throw failures.find((error) => !isConflict(error)) ?? failures[0];
  }
}

/** Milliseconds until the rollover is looked at again; none while it does not wait. */
function untilRollover(facts: Facts): number[] {
  const step = rolloverStep(facts);
  if (facts.rollover === undefined || step.step !== 'Wait') return [];
  return [Math.ceil(step.forMs ?? facts.rollover.timing.lookAgainMs)];
}

/** Milliseconds until something is due that no watch will tell. */
export function untilNext(facts: Facts, now: Date): number {
  // The clock was set back meanwhile: instants of the time before say nothing of this one.
  if (now < facts.now) return SHORTEST_WAIT_MS;
  const step = nextStep(facts.issuance);
  const due = [
    facts.template.trial?.again,
    truceUntil(facts.repairs, now),
    facts.probe?.again,
    facts.identity?.renewalTime,
    step.step === 'Wait' ? step.waiting.until : undefined,
    restoreAt(facts),
  ];
  // What was due when the facts were looked at has been planned for; what came due since, while the status was written, has not.
  const waits = due.flatMap((moment) =>
    moment === undefined || moment <= facts.now ? [] : [moment.getTime() - now.getTime()],
  );
  const longest = certificateOf(facts.injector).caBundleFrom === undefined ? LOOK_AGAIN_MS : READ_TRUST_AGAIN_MS;
  return Math.max(SHORTEST_WAIT_MS, Math.min(longest, ...untilRollover(facts), ...waits));
}
