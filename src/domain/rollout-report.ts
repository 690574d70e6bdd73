/** What people are told of a rollout: the condition RolledOut. Pure. */
import { ROLLED_OUT, Reason, type ConditionUpdate } from '../api/v1alpha1/conditions.ts';
import type { Attempt } from './rollout-attempts.ts';
import type { Wait } from './rollout.ts';

export interface RolloutReport {
  outdated: number;
  missed: number;
  /** Of these, pods whose controller is none that makes new ones, or that have none. */
  byHand: number;
  /** Missed pods that would be missed again, with the reason of one of them. */
  hopeless: { count: number; example?: string | undefined };
  attempts: readonly Attempt[];
  waits: readonly Wait[];
  /** What a disruption budget says, or why an eviction failed. */
  held?: string | undefined;
  notPermitted?: string | undefined;
}

const COMPONENT = 'config/components/rollout';

const WAITS: Partial<Record<Wait, string>> = {
  Rate: 'maxPerMinute is reached',
  Unavailable: 'as many pods are down as maxUnavailable allows',
  Replacement: 'the pods that replace the first ones are waited for',
};

/** Why nothing is restarted although pods need it. */
export function waitingForInjector(why: string): ConditionUpdate {
  return { type: ROLLED_OUT, status: 'False', reason: Reason.Waiting, message: `nothing is restarted: ${why}` };
}

/** The condition of a rollout that goes on. */
export function rolledOut(report: RolloutReport): ConditionUpdate {
  const { outdated, missed, byHand, hopeless, attempts, waits, held, notPermitted } = report;
  const condition = (status: 'True' | 'False', reason: string, ...parts: (string | false | undefined)[]) => ({
    type: ROLLED_OUT,
    status,
    reason,
    message: parts.filter((part) => typeof part === 'string' && part !== '').join('; '),
  });
  const left = `${outdated} outdated and ${missed} missed pods are left`;
  if (outdated + missed === 0 && attempts.length === 0) {
    return condition('True', Reason.UpToDate, 'every pod that should have the sidecar has it, as it is now');
  }
  if (notPermitted !== undefined) {
    return condition(
      'False',
      Reason.NotPermitted,
      `the operator has no right to evict pods: add the component ${COMPONENT} to the installation, or set rollout.mode to Off`,
      left,
      notPermitted,
    );
  }
  const failing = attempts.filter(({ retryAt }) => retryAt !== undefined);
  const hand =
    byHand > 0 && `${byHand} of them must be restarted by hand: no controller known to make new ones has them`;
  const cureless = hopeless.count > 0 && `${hopeless.count} of them would be missed again: ${hopeless.example}`;
  const notHelping = notHelpingText(failing);
  const waiting = waits.flatMap((wait) => WAITS[wait] ?? []);
  const budget = waits.includes('Budget') && held;
  const rest = outdated + missed - byHand - hopeless.count;
  if (rest <= 0 && attempts.length === 0) return condition('False', Reason.NotRestartable, left, hand, cureless);
  const stops = waits.filter((wait) => wait !== 'Look');
  const stuck = failing.length > 0 && stops.every((wait) => wait === 'NotHelping');
  const reason = stuck ? Reason.NotHelping : stops.length > 0 ? Reason.Waiting : Reason.Restarting;
  return condition('False', reason, left, ...waiting, budget, notHelping, hand, cureless);
}

/** Names no more than one: a condition is no list. */
function notHelpingText(failing: readonly Attempt[]): string | undefined {
  const [first] = failing.toSorted((one, other) => other.failures - one.failures);
  if (first === undefined) return undefined;
  const { workload, failures, retryAt = 0 } = first;
  const others = failing.length > 1 ? ` and ${failing.length - 1} other workloads` : '';
  const again = new Date(retryAt).toISOString().slice(0, 19);
  return `restarting ${workload.kind} ${workload.namespace}/${workload.name}${others} did not help: its new pods came back without the sidecar as it is now (${failures} times); tried again at ${again}Z`;
}
