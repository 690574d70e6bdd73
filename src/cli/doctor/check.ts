/** What a check is, what it finds, and how all of them are run: each on its own, past every failure. */
import { describeError } from '../../errors.ts';
import type { Facts, ListName } from './facts.ts';
import type { Mend } from './mend.ts';

/** In the order in which they are printed: what comes first explains what comes later. */
export const CATEGORIES = [
  'cluster',
  'installation',
  'network',
  'certificates',
  'webhook',
  'selection',
  'injection',
  'pods',
  'rollout',
  'events',
] as const;
export type Category = (typeof CATEGORIES)[number];

export type State = 'ok' | 'warn' | 'fail' | 'skip';

/** One thing that is wrong, with the way out of it. */
export interface Problem {
  state: 'warn' | 'fail';
  /** The object that it is about, as `kubectl get` takes it: `sidecarinjector/nginx`, `namespace/shop`. */
  about: string;
  /** The cause, in one line. */
  message: string;
  /** What was seen that says so. */
  evidence?: string;
  /** The command that mends it, or what to do where no command can. */
  fix: string;
  /** What `--fix` may do about it by itself. */
  mend?: Mend;
}

export type Verdict =
  | { state: 'ok'; message: string }
  | { state: 'skip'; reason: string }
  | { state: 'warn' | 'fail'; problems: readonly Problem[] };

export interface Check {
  /** Stable: scripts and the documentation refer to it. */
  id: string;
  category: Category;
  /** What is true where all is well. */
  title: string;
  /** The worst that it can find. */
  severity: 'warn' | 'fail';
  /** For the documentation: what goes wrong otherwise. */
  meaning: string;
  /** For the documentation: what to do. */
  remedy: string;
  /** Lists without which it can say nothing. */
  reads?: readonly ListName[];
  /** Checks without whose success it means nothing. */
  after?: readonly string[];
  run(facts: Facts): Verdict;
}

/** What became of a check. */
export type Result = Pick<Check, 'id' | 'category' | 'title'> & Verdict;

export function ok(message: string): Verdict {
  return { state: 'ok', message };
}

export function skip(reason: string): Verdict {
  return { state: 'skip', reason };
}

/** The problems, or `message` where there are none. */
export function verdict(problems: readonly Problem[], message: string): Verdict {
  if (problems.length === 0) return ok(message);
  return { state: problems.some(({ state }) => state === 'fail') ? 'fail' : 'warn', problems };
}

/**
 * Runs the checks in their order. What rests on a check that failed, or on a list that could not be read, is skipped and
 * says so; everything else goes on. A check that throws has failed, as a defect of doctor.
 */
export function examine(checks: readonly Check[], facts: Facts): Result[] {
  const states = new Map<string, State>();
  return checks.map((check) => {
    const { id, category, title } = check;
    const found = prevented(check, facts, states) ?? attempt(check, facts);
    states.set(id, found.state);
    return { id, category, title, ...found };
  });
}

function prevented(check: Check, facts: Facts, states: ReadonlyMap<string, State>): Verdict | undefined {
  const missing = check.after?.find((id) => ['fail', 'skip'].includes(states.get(id) ?? 'ok'));
  if (missing !== undefined) {
    return skip(`${missing} ${states.get(missing) === 'fail' ? 'failed' : 'was skipped'}: this would say nothing`);
  }
  for (const name of check.reads ?? []) {
    const { hidden } = facts.lists[name];
    if (hidden !== undefined) return skip(`cannot read ${name}: ${hidden}`);
  }
  return undefined;
}

function attempt(check: Check, facts: Facts): Verdict {
  try {
    return check.run(facts);
  } catch (error) {
    const message = `doctor itself failed: ${describeError(error)}`;
    return { state: 'fail', problems: [{ state: 'fail', about: check.id, message, fix: 'report this defect' }] };
  }
}

/** The worst state of all. */
export function worst(results: readonly Result[]): 'ok' | 'warn' | 'fail' {
  if (results.some(({ state }) => state === 'fail')) return 'fail';
  return results.some(({ state }) => state === 'warn') ? 'warn' : 'ok';
}

export function problemsOf(result: Result): readonly Problem[] {
  return result.state === 'warn' || result.state === 'fail' ? result.problems : [];
}

/** `one thing`, `3 things`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** The first few, and how many more. */
export function few(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
