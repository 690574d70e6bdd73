import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { mutate } from '../../src/admission/mutate.ts';
import { injectedLabel } from '../../src/api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { decide } from '../../src/domain/decide.ts';
import { inject } from '../../src/domain/inject.ts';
import { canonicalJson, isObject, mapAt, member, objectsAt } from '../../src/domain/json.ts';
import { templateRevision } from '../../src/domain/revision.ts';
import { STATUS_ANNOTATION, requestFor } from '../testdata/samples.ts';
import { injectorArbitrary, podArbitrary } from './arbitraries.ts';

const check = (run: (pod: JsonObject, injector: SidecarInjector) => void): void => {
  fc.assert(fc.property(podArbitrary, injectorArbitrary, run), { numRuns: 400 });
};

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

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item));
  if (!isObject(value)) return value;
  const members = Object.keys(value).reverse();
  return JSON.parse(
    `{${members.map((key) => `${JSON.stringify(key)}:${JSON.stringify(reversed(value[key]))}`).join()}}`,
  );
}

test('the patch applies, and gives the pod that was meant', () => {
  check((pod, injector) => {
    const { operations, pod: expected } = inject(pod, injector);
    // The library refuses paths with __proto__, which no label or annotation that the API server accepts has.
    fc.pre(operations.every(({ path }) => !path.includes('__proto__')));
    const received = JSON.parse(JSON.stringify(pod)) as JsonObject;
    const patch = JSON.parse(JSON.stringify(operations)) as jsonPatch.Operation[];
    const { newDocument } = jsonPatch.applyPatch(received, patch, true, false);
    assert.equal(canonicalJson(newDocument), canonicalJson(expected));
  });
});

test('the pod that was given is not touched', () => {
  check((pod, injector) => {
    const before = JSON.stringify(pod);
    inject(pod, injector);
    assert.equal(JSON.stringify(pod), before);
  });
});

test('injecting twice is injecting once', () => {
  check((pod, injector) => {
    const once = inject(pod, injector);
    fc.pre(once.conflicts.length === 0);
    assert.deepEqual(inject(once.pod, injector).operations, []);
    assert.deepEqual(inject(once.pod, injector).conflicts, []);
  });
});

test('all of the template is in the pod, or nothing is changed', () => {
  check((pod, injector) => {
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
  });
});

test('everything of the pod survives, unknown fields too, unless it was to be replaced', () => {
  check((pod, injector) => {
    fc.pre(injector.spec.injection?.onConflict !== 'Replace');
    const { operations, pod: result } = inject(pod, injector);
    assert.ok(operations.every(({ op }) => op === 'add'));
    assert.ok(survives(withoutStatus(pod), result));
  });
});

test('the order of keys does not matter', () => {
  check((pod, injector) => {
    const turned = reversed(injector) as SidecarInjector;
    assert.equal(templateRevision(turned), templateRevision(injector));
    assert.equal(
      canonicalJson(inject(reversed(pod) as JsonObject, turned).pod),
      canonicalJson(inject(pod, injector).pod),
    );
  });
});

test('no key reaches a prototype', () => {
  check((pod, injector) => {
    const { pod: result } = inject(pod, injector);
    const stack: unknown[] = [result];
    while (stack.length > 0) {
      const value = stack.pop();
      if (typeof value !== 'object' || value === null) continue;
      const expected = Array.isArray(value) ? Array.prototype : Object.prototype;
      assert.equal(Object.getPrototypeOf(value), expected);
      stack.push(...Object.values(value));
    }
    assert.equal(Object.keys(Object.prototype).length, 0);
  });
});

test('any pod gets an answer: patched, unchanged, or denied because that was asked for', () => {
  check((pod, injector) => {
    fc.pre(!JSON.stringify(injector.spec.template).includes('__proto__'));
    const { decision, answer } = mutate(requestFor(pod), injector, {});
    assert.equal(answer.allowed, decision.reason !== 'conflict_rejected');
    if (!answer.allowed) assert.equal(injector.spec.injection?.onConflict, 'Reject');
    assert.equal(answer.operations.length > 0, decision.reason === 'injected');
    assert.ok(answer.warnings.length <= 5);
    for (const warning of answer.warnings) assert.ok(Array.from(warning).length <= 120 && !/\p{Cc}/u.test(warning));
  });
});

test('no JSON at all makes a decision throw', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6 }),
      fc.jsonValue({ maxDepth: 4 }),
      injectorArbitrary,
      (any, spec, injector) => {
        for (const object of [
          any,
          { metadata: any, spec },
          { spec: { containers: any } },
          { spec: { containers: [any], volumes: spec } },
        ]) {
          const { warnings } = decide(requestFor(object as JsonObject), injector);
          assert.ok(warnings.length <= 5);
        }
      },
    ),
    { numRuns: 300 },
  );
});
