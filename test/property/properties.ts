/** What holds for every pod and every injector: checked by the tests on some hundred, by hack/fuzz on a million. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { encodeReview } from '../../src/admission/review.ts';
import { mutate } from '../../src/admission/mutate.ts';
import { injectedLabel } from '../../src/api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { decide } from '../../src/domain/decide.ts';
import { inject } from '../../src/domain/inject.ts';
import { canonicalJson, isObject, mapAt, member, objectsAt } from '../../src/domain/json.ts';
import { trialPod } from '../../src/domain/render.ts';
import { templateRevision } from '../../src/domain/revision.ts';
import { misshapen } from '../../src/domain/shape.ts';
import { STATUS_ANNOTATION, requestFor } from '../testdata/samples.ts';
import { complaintsOf, soundInjector, soundPod } from './validity.ts';

/** Throws when it does not hold; `fc.pre` leaves out the inputs that it says nothing about. */
export type Property = (pod: JsonObject, injector: SidecarInjector) => void;

/** Whether `after` has all that `before` has: members with their values, list items in their order. */
function survives(before: unknown, after: unknown): boolean {
  if (before === null) return true;
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return false;
    let next = 0;
    return before.every((item) => {
      const found = after.findIndex((candidate, index) => index >= next && survives(item, candidate));
      next = found + 1;
      return found !== -1;
    });
  }
  if (!isObject(before)) return Object.is(before, after);
  return isObject(after) && Object.keys(before).every((key) => survives(member(before, key), member(after, key)));
}

/** Without the annotation and the label that are ours to write. */
function withoutStatus(pod: JsonObject): JsonObject {
  const copy = structuredClone(pod);
  delete mapAt(copy, ['metadata', 'labels'])[injectedLabel('nginx')];
  delete mapAt(copy, ['metadata', 'annotations'])[STATUS_ANNOTATION];
  return copy;
}

/**
 * The same value with the keys of every object the other way round, `__proto__` among them. Not by way of text: JSON.parse of V8 13.6
 * reads the key `"` as `\` once it has read an object of the same shape with that key.
 */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => reversed(item));
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

/** No number of JavaScript; a value that went through JSON.parse comes out as another. */
const INT64 = '9007199254740993';

export const PROPERTIES: Record<string, Property> = {
  'the patch applies, and gives the pod that was meant': (pod, injector) => {
    const { operations, pod: expected } = inject(pod, injector);
    // The library refuses paths with __proto__, which no label or annotation that the API server accepts has.
    fc.pre(operations.every(({ path }) => !path.includes('__proto__')));
    const received = JSON.parse(JSON.stringify(pod)) as JsonObject;
    const patch = JSON.parse(JSON.stringify(operations)) as jsonPatch.Operation[];
    const { newDocument } = jsonPatch.applyPatch(received, patch, true, false);
    assert.equal(canonicalJson(newDocument), canonicalJson(expected));
  },

  'the pod that was given is not touched': (pod, injector) => {
    const before = JSON.stringify(pod);
    inject(pod, injector);
    assert.equal(JSON.stringify(pod), before);
  },

  'injecting twice is injecting once': (pod, injector) => {
    const once = inject(pod, injector);
    fc.pre(once.conflicts.length === 0);
    const { operations, conflicts } = inject(once.pod, injector);
    assert.deepEqual([operations, conflicts], [[], []]);
  },

  'what was shaped as a pod still is': (pod, injector) => {
    fc.pre(misshapen(pod) === undefined);
    assert.equal(misshapen(inject(pod, injector).pod), undefined);
  },

  'all of the template is in the pod, or nothing is changed': (pod, injector) => {
    const { operations, conflicts, pod: result } = inject(pod, injector);
    if (conflicts.length > 0) {
      assert.deepEqual(operations, []);
      return;
    }
    const names = ['containers', 'initContainers', 'volumes'].flatMap((list) =>
      objectsAt(result, ['spec', list]).map((item) => member(item, 'name')),
    );
    const { containers = [], initContainers = [], volumes = [] } = injector.spec.template;
    for (const { name } of [...containers, ...initContainers, ...volumes]) assert.ok(names.includes(name), name);
  },

  'everything of the pod survives, unknown fields too, unless it was to be replaced': (pod, injector) => {
    fc.pre(injector.spec.injection?.onConflict !== 'Replace');
    const { operations, pod: result } = inject(pod, injector);
    assert.ok(operations.every(({ op }) => op === 'add'));
    assert.ok(survives(withoutStatus(pod), result));
  },

  'the order of keys does not matter': (pod, injector) => {
    const turned = reversed(injector) as SidecarInjector;
    const turnedPod = reversed(pod) as JsonObject;
    const [left, right] = [inject(pod, injector), inject(turnedPod, turned)];
    assert.equal(templateRevision(turned), templateRevision(injector));
    assert.equal(canonicalJson(right.pod), canonicalJson(left.pod));
    const reasons = [decide(requestFor(pod), injector), decide(requestFor(turnedPod), turned)];
    assert.equal(reasons[1]?.reason, reasons[0]?.reason);
  },

  'no key reaches a prototype': (pod, injector) => {
    const stack: unknown[] = [inject(pod, injector).pod];
    while (stack.length > 0) {
      const value = stack.pop();
      if (typeof value !== 'object' || value === null) continue;
      const expected = Array.isArray(value) ? Array.prototype : Object.prototype;
      assert.equal(Object.getPrototypeOf(value), expected);
      stack.push(...Object.values(value));
    }
    assert.equal(Object.keys(Object.prototype).length, 0);
  },

  'any pod gets an answer: patched, unchanged, or denied because that was asked for': (pod, injector) => {
    fc.pre(!JSON.stringify(injector.spec.template).includes('__proto__'));
    const { decision, answer } = mutate(requestFor(pod), injector, {});
    assert.equal(answer.allowed, decision.reason !== 'conflict_rejected');
    if (!answer.allowed) assert.equal(injector.spec.injection?.onConflict, 'Reject');
    assert.equal(answer.operations.length > 0, decision.reason === 'injected');
    assert.ok(answer.warnings.length <= 5);
    for (const warning of answer.warnings) assert.ok(Array.from(warning).length <= 120 && !/\p{Cc}/u.test(warning));
  },

  'numbers of 64 bits are never sent back, and so survive': (pod, injector) => {
    const text = JSON.stringify({ ...pod, metadata: { ...mapAt(pod, ['metadata']), big: 'N' } });
    const containers = objectsAt(pod, ['spec', 'containers']);
    const numbered = {
      ...mapAt(pod, ['spec']),
      containers: containers.map((item) => ({ ...item, big: 'N' })),
      big: 'N',
    };
    const received = JSON.parse(
      JSON.stringify({ ...(JSON.parse(text) as JsonObject), spec: numbered }).replaceAll('"big":"N"', `"big":${INT64}`),
    ) as JsonObject;
    const { operations } = inject(received, injector);
    assert.ok(!JSON.stringify(operations).includes('"big"'));
  },

  'the answer is one line of JSON': (pod, injector) => {
    fc.pre(!JSON.stringify(injector.spec.template).includes('__proto__'));
    const text = encodeReview(mutate(requestFor(pod), injector, {}).answer);
    const { response } = JSON.parse(text) as { response: { patch?: string } };
    const patch = Buffer.from(response.patch ?? '', 'base64').toString() || '[]';
    assert.ok(Array.isArray(JSON.parse(patch)) && !text.includes('\n'));
  },

  'the API server takes the result where it took the pod and the template': (pod, injector) => {
    const [theirs, by] = [soundPod(pod), soundInjector(injector)];
    fc.pre(complaintsOf(theirs).length === 0 && complaintsOf(trialPod(by)).length === 0);
    assert.deepEqual(complaintsOf(inject(theirs, by).pod), []);
  },
};
