/**
 * What every case is answered, kept as files beside this one. After a change that is meant:
 * `UPDATE_GOLDEN=1 node --test test/golden/golden.test.ts`, and read the diff.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { mutate, unknownInjector } from '../../src/admission/mutate.ts';
import { decide, type Decision } from '../../src/domain/decide.ts';
import { REASON_CODES } from '../../src/domain/reasons.ts';
import { type GoldenCase, GOLDEN_CASES } from './cases.ts';

const UPDATE = process.env['UPDATE_GOLDEN'] !== undefined;
const style = await resolveConfig(fileURLToPath(import.meta.url));
const fileOf = (name: string): URL => new URL(`${name}.json`, import.meta.url);
const files = (): string[] =>
  readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));

function decisionOf({ request, injector, namespace, context }: GoldenCase): Decision {
  if (injector === undefined) return unknownInjector(request, 'gone').decision;
  return decide(request, injector, namespace, context);
}

/** All that leaves the process on a decision, and how it came about. */
async function goldenOf(golden: GoldenCase): Promise<string> {
  const { request, injector, namespace, context = {} } = golden;
  const { action, reason, message, trace, operations, warnings } = decisionOf(golden);
  const answered = namespace === undefined && injector !== undefined ? mutate(request, injector, context) : undefined;
  if (answered !== undefined) assert.deepEqual(answered.answer.operations, operations);
  const audit = answered?.answer.auditAnnotations;
  const denial = answered?.answer.denial;
  const checks = trace.map(({ check, passed, detail }) => `${passed ? 'passed' : 'decided'} ${check}: ${detail}`);
  const shown = { action, reason, message, denial, warnings, auditAnnotations: audit, checks, operations };
  return format(JSON.stringify(shown), { parser: 'json', ...style });
}

for (const [name, golden] of Object.entries(GOLDEN_CASES)) {
  test(`golden: ${name}`, async () => {
    const text = await goldenOf(golden);
    if (UPDATE) writeFileSync(fileOf(name), text);
    assert.equal(text, readFileSync(fileOf(name), 'utf8'));
  });
}

test('no golden file is stale', () => {
  const stale = files().filter((name) => !Object.hasOwn(GOLDEN_CASES, name));
  if (UPDATE) for (const name of stale) rmSync(fileOf(name));
  else assert.deepEqual(stale, []);
});

test('every reason code has a golden file', () => {
  const covered = new Set(Object.values(GOLDEN_CASES).map((golden) => decisionOf(golden).reason));
  assert.deepEqual(
    REASON_CODES.filter((reason) => !covered.has(reason)),
    [],
  );
});
