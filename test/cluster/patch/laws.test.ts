import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Arbitrary,
  array,
  assert as holds,
  constant,
  constantFrom,
  dictionary,
  integer,
  letrec,
  oneof,
  property,
} from 'fast-check';
import type { JsonObject, KubeObject } from '../types.ts';
import { builtinSchema } from '../schema/builtin.ts';
import { FieldSet } from './fieldset.ts';
import { applyPatch, mergePatch } from './index.ts';

const step = constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1');
const set = array(array(step, { minLength: 1, maxLength: 3 }), { maxLength: 6 }).map((paths) => {
  const result = new FieldSet();
  for (const path of paths) result.insert(path);
  return result;
});
const texts = (fields: FieldSet): string[] => fields.paths().map((path) => path.join(' '));

void test('a field set survives its serialised form', () => {
  holds(property(set, (fields) => assert.deepEqual(texts(FieldSet.fromJSON(fields.toJSON())), texts(fields))));
});

void test('field sets obey the laws of sets', () => {
  holds(
    property(set, set, (a, b) => {
      const [left, right] = [new Set(texts(a)), new Set(texts(b))];
      assert.deepEqual(new Set(texts(a.union(b))), left.union(right));
      assert.deepEqual(new Set(texts(a.intersection(b))), left.intersection(right));
      assert.deepEqual(new Set(texts(a.difference(b))), left.difference(right));
    }),
  );
});

const data = dictionary(constantFrom('a', 'b', 'c'), constantFrom('1', '2')).map((object) => ({ ...object }));
const schema = builtinSchema('', 'v1', 'ConfigMap');

function apply(live: KubeObject | undefined, manager: string, content: JsonObject): KubeObject {
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: content };
  return applyPatch({
    live,
    config,
    schema,
    kind: 'ConfigMap',
    apiVersion: 'v1',
    manager,
    force: true,
    now: new Date(0),
  });
}

void test('applying twice is applying once; a sole manager gets exactly what he applied', () => {
  holds(
    property(data, data, (first, second) => {
      const once = apply(apply(undefined, 'one', first), 'one', second);
      assert.deepEqual(apply(once, 'one', second), once);
      assert.deepEqual(once['data'] ?? {}, second);
    }),
  );
});

void test('what one manager applies, another neither loses nor keeps alive', () => {
  holds(
    property(data, data, (mine, others) => {
      const both = apply(apply(undefined, 'other', others), 'me', mine);
      assert.deepEqual(both['data'] ?? {}, { ...others, ...mine });
      const gone = apply(both, 'me', {});
      const shared = Object.entries(others).filter(([key, value]) => mine[key] === undefined || mine[key] === value);
      assert.deepEqual(gone['data'] ?? {}, Object.fromEntries(shared));
    }),
  );
});

void test('a merge patch is idempotent', () => {
  const value = letrec((tie) => ({
    object: dictionary(constantFrom('a', 'b'), oneof({ maxDepth: 3 }, constant(null), integer(), tie('object'))),
  })).object as Arbitrary<JsonObject>;
  holds(
    property(value, value, (object, patch) => {
      const once = mergePatch(object, patch);
      assert.deepEqual(mergePatch(once, patch), once);
    }),
  );
});
