/**
 * Holds a normalised answer against the recorded one, as strictly as the step says: `exact`; `subset`; `status`, which
 * looks at the code and the reason; `causes`, which also looks at the fields of `details.causes`, and is used where the
 * text quotes internals of the recorded implementation.
 */

import { difference } from './difference.ts';
import { brief, isObject, own, ownString } from './json.ts';
import { dropPaths, keepOnly } from './pointers.ts';
import type { Answer, Step } from './scenario.ts';

const reasonOnly = (body: unknown): Answer => {
  const reason = ownString(body, 'reason');
  return own(body, 'kind') === 'Status' && reason !== undefined ? { body: { reason } } : {};
};

const causesOnly = (body: unknown): object => {
  const reason = own(body, 'reason');
  const causes = own(own(body, 'details'), 'causes');
  const byField = (cause: object): string => `${ownString(cause, 'field')} ${ownString(cause, 'reason')}`;
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(Array.isArray(causes)
      ? {
          causes: causes
            .filter(isObject)
            .map((cause) => ({ reason: cause['reason'], field: cause['field'] }))
            .sort((a, b) => (byField(a) < byField(b) ? -1 : 1)),
        }
      : {}),
  };
};

/** The part of a normalised answer that the step compares. */
export const reduceAnswer = (step: Step, { status, headers, body }: Answer): Answer => {
  const out: Answer = status === undefined ? {} : { status };
  if (step.compare === 'status') return { ...out, ...reasonOnly(body) };
  if (step.compare === 'causes') return { ...out, body: causesOnly(body) };
  if (headers !== undefined) out.headers = headers;
  if (body !== undefined) {
    const kept = step.keep === undefined ? body : keepOnly(body, step.keep);
    out.body = step.ignore === undefined ? kept : dropPaths(kept, step.ignore);
  }
  return out;
};

const mediaType = (header: string): string => header.replaceAll(/\s/g, '').toLowerCase();

const differenceOfHeaders = (
  step: Step,
  expected: Answer['headers'] = {},
  actual: Answer['headers'] = {},
): string[] => {
  const [wanted, got] = [expected['content-type'], actual['content-type'] ?? ''];
  const lines =
    wanted === undefined || mediaType(wanted) === mediaType(got)
      ? []
      : [`~ header content-type: expected ${brief(wanted)}, got ${brief(got)}`];
  if (step.compare === 'subset' && expected.warning === undefined) return lines;
  const strictness = step.compare === 'subset' ? 'subset' : 'exact';
  return [...lines, ...difference(expected.warning ?? [], actual.warning ?? [], strictness, 'header warning')];
};

/** What is wrong with an answer; empty when it is as recorded. */
export const compareAnswer = (step: Step, answer: Answer): string[] => {
  const expected = step.expect;
  if (expected === undefined) return ['! the step has no recorded answer'];
  const actual = reduceAnswer(step, answer);
  const lines: string[] = [];
  if (expected.status !== undefined && expected.status !== actual.status) {
    const said = (answer.status ?? 0) >= 400 ? ` (${brief(own(answer.body, 'message') ?? answer.body)})` : '';
    lines.push(`~ status: expected ${expected.status}, got ${actual.status}${said}`);
  }
  if (step.compare !== 'status' && step.compare !== 'causes') {
    lines.push(...differenceOfHeaders(step, expected.headers, actual.headers));
  }
  if (!Object.hasOwn(expected, 'body')) return lines;
  if (actual.body === undefined) return [...lines, '- body: missing'];
  return [...lines, ...difference(expected.body, actual.body, step.compare === 'subset' ? 'subset' : 'exact')];
};
