/**
 * spec.rollout: evicts outdated and missed pods, so that their workloads make new ones. Only the leader does. What it must not
 * forget is in status.rollout (docs/adr/0010), under a field manager of its own, with the condition RolledOut.
 */
import { findCondition, ROLLED_OUT, setCondition, type ConditionUpdate } from '../../api/v1alpha1/conditions.ts';
import { rolloutOf } from '../../api/v1alpha1/defaults.ts';
import { ROLLOUT_FIELD_MANAGER } from '../../api/v1alpha1/names.ts';
import type { SidecarInjectorStatus } from '../../api/v1alpha1/types.ts';
import { canonicalJson } from '../../domain/json.ts';
import { waitingForInjector } from '../../domain/rollout-report.ts';
import type { Result } from '../../runtime/controller.ts';
import type { InjectorObject } from '../caches.ts';
import { takeCensus } from '../pods/census.ts';
import { writeStatusPart } from '../pods/controller.ts';
import { runPodLoop } from '../pods/loop.ts';
import type { RolloutContext } from './context.ts';
import { closedBy } from './gate.ts';
import { recall, rolloutStatus, type Memory } from './memory.ts';
import { makePass } from './pass.ts';
import { tellTransition } from './tell.ts';

const NAME = 'rollout';
/** When pods come and go, so many looks to one that is due anyway. */
const LOOKS_BETWEEN = 5;

interface Course {
  memory: Memory;
  namespaces: ReadonlySet<string>;
  /** Of the last pass, by the monotonic clock. */
  at: number;
}

/** Restarts until the signal aborts. */
export async function rollOut(context: RolloutContext, signal: AbortSignal): Promise<void> {
  const { caches, podCaches, clock, log, metrics, restarts } = context;
  const courses = new Map<string, Course>();
  const none: ReadonlySet<string> = new Set();
  // Without a course nothing depends on pods.
  const selected = (injector: string): ReadonlySet<string> => courses.get(injector)?.namespaces ?? none;
  const waitMs = (injector: string): number => {
    const last = courses.get(injector)?.at ?? Number.NEGATIVE_INFINITY;
    return last + restarts.everyMs / LOOKS_BETWEEN - clock.monotonic();
  };
  const reconcile = async (name: string, within: AbortSignal): Promise<Result> => {
    const injector = caches.injectors.get(name);
    const wanted = injector !== undefined && injector.metadata.deletionTimestamp === undefined;
    if (!wanted || rolloutOf(injector).mode !== 'Restart') {
      courses.delete(name);
      if (wanted) await clear(context, injector, within);
      return {};
    }
    const known = courses.get(name);
    const memory = known?.memory.uid === injector.metadata.uid ? known?.memory : undefined;
    const course: Course = { memory: memory ?? recall(injector, clock.now()), namespaces: none, at: clock.monotonic() };
    courses.set(name, course);
    const condition = await advance(context, injector, course, within);
    return condition.status === 'True' ? {} : { requeueAfterMs: restarts.everyMs };
  };
  await runPodLoop({ name: NAME, caches, podCaches, selected, waitMs, reconcile, clock, log, metrics }, signal);
}

async function advance(
  context: RolloutContext,
  injector: InjectorObject,
  course: Course,
  signal: AbortSignal,
): Promise<ConditionUpdate> {
  const { memory } = course;
  const before = findCondition(injector.status?.conditions, ROLLED_OUT);
  const closed = closedBy(injector, memory, context.clock.monotonic(), context.restarts.settleMs);
  const census = await takeCensus(context, injector);
  course.namespaces = census.namespaces;
  let stored = partOf(injector);
  const store = async (condition: ConditionUpdate, within: AbortSignal): Promise<void> => {
    const next = nextPart(context, injector, memory, condition);
    if (canonicalJson(next) !== canonicalJson(stored)) {
      await writeStatusPart(context.client, injector, ROLLOUT_FIELD_MANAGER, next, within);
    }
    stored = next;
  };
  const kept: ConditionUpdate = before ?? waitingForInjector('it has not begun yet');
  const remember = (within: AbortSignal): Promise<void> => store(kept, within);
  const condition =
    closed === undefined
      ? await makePass(context, injector, census, memory, remember, signal)
      : waitingForInjector(closed);
  await store(condition, signal);
  tellTransition(context, injector, before, condition);
  return condition;
}

type Part = Pick<SidecarInjectorStatus, 'conditions' | 'rollout'>;

/** What a rollout has said in the status. */
function partOf({ status = {} }: InjectorObject): Part {
  const { conditions = [], rollout } = status;
  const own = conditions.filter(({ type }) => type === ROLLED_OUT);
  return { conditions: own, ...(rollout !== undefined && { rollout }) };
}

function nextPart(
  { clock }: RolloutContext,
  injector: InjectorObject,
  memory: Memory,
  condition: ConditionUpdate,
): Part {
  const { conditions = [] } = partOf(injector);
  const { generation = 0 } = injector.metadata;
  const rollout = rolloutStatus(memory);
  return {
    conditions: [...setCondition(conditions, condition, generation, new Date(clock.now()))],
    ...(rollout !== undefined && { rollout }),
  };
}

/** Takes back what a rollout said that is switched off. */
async function clear({ client }: RolloutContext, injector: InjectorObject, signal: AbortSignal): Promise<void> {
  const { rollout, conditions } = injector.status ?? {};
  if (rollout === undefined && findCondition(conditions, ROLLED_OUT) === undefined) return;
  await writeStatusPart(client, injector, ROLLOUT_FIELD_MANAGER, {}, signal);
}
