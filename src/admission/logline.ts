/** The line that says what became of a pod: `[skip_mutation][reason=pod_not_need][name:web][ns:shop]`. */
import type { Decision } from '../domain/decide.ts';
import { type AdmissionRequest, podName } from '../domain/request.ts';
import type { Action } from '../domain/reasons.ts';
import { oneLine } from '../domain/warnings.ts';

const EVENT: Record<Action, string> = { Inject: 'mutate', Skip: 'skip_mutation', Reject: 'reject' };

/** Brackets would let the name of a pod end a field of the line and begin another. */
function field(text: string): string {
  const line = oneLine(text, 253);
  return /[[\]]/.test(line) ? line.replaceAll(/[[\]]/g, '_') : line;
}

export function decisionLine(request: AdmissionRequest, decision: Decision): string {
  const where = `[name:${field(podName(request))}][ns:${field(request.namespace)}]`;
  return `[${EVENT[decision.action]}][reason=${decision.reason}]${where}${request.dryRun === true ? '[dry_run]' : ''}`;
}

const MAX_OPERATIONS = 20;

/** Where the patch adds something; never what, as environments hold secrets. */
export function patchSummary({ operations }: Decision): string[] {
  const shown = operations.slice(0, MAX_OPERATIONS).map(({ op, path }) => `${op} ${oneLine(path)}`);
  return operations.length > MAX_OPERATIONS ? [...shown, `and ${operations.length - MAX_OPERATIONS} more`] : shown;
}
