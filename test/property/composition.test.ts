/** Several injectors on one pod, with other people's webhooks between them, called as the API server calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { mutate } from '../../src/admission/mutate.ts';
import type { InjectionOptions, JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { canonicalJson, isObject, member } from '../../src/domain/json.ts';
import type { Operation } from '../../src/domain/patch.ts';
import { pod, requestFor } from '../testdata/samples.ts';

/** A webhook: the pod that it makes of a pod. */
type Hook = (pod: JsonObject) => JsonObject;
interface Item extends JsonObject {
  name: string;
  env?: Item[];
}
interface LoosePod {
  spec: { containers: Item[]; initContainers?: Item[]; volumes?: Item[] };
}

function patchOf(injector: SidecarInjector, before: JsonObject): readonly Operation[] {
  return mutate(requestFor(before), injector, {}).answer.operations;
}

function patched(before: JsonObject, operations: readonly Operation[]): JsonObject {
  const patch = JSON.parse(JSON.stringify(operations)) as jsonPatch.Operation[];
  return jsonPatch.applyPatch(structuredClone(before), patch, true, false).newDocument;
}

const hookOf =
  (injector: SidecarInjector): Hook =>
  (before) =>
    patched(before, patchOf(injector, before));

function changed(before: JsonObject, change: (pod: LoosePod) => void): JsonObject {
  const copy = structuredClone(before);
  change(copy as unknown as LoosePod);
  return copy;
}

const everyContainer = ({ spec }: LoosePod): Item[] => [...spec.containers, ...(spec.initContainers ?? [])];

/** Webhooks of others, each idempotent: a mesh, a tracer, one that sorts, one that sets defaults. */
const FOREIGN: Record<string, Hook> = {
  mesh: (before) =>
    changed(before, ({ spec }) => {
      if (spec.containers.some(({ name }) => name === 'mesh')) return;
      spec.containers.unshift({ name: 'mesh', image: 'mesh:1' });
      (spec.initContainers ??= []).unshift({ name: 'mesh-init', image: 'mesh:1' });
      (spec.volumes ??= []).unshift({ name: 'mesh', emptyDir: {} });
    }),
  tracer: (before) =>
    changed(before, (pod) => {
      for (const container of everyContainer(pod)) {
        const env = (container.env ??= []);
        if (!env.some(({ name }) => name === 'TRACE')) env.unshift({ name: 'TRACE', value: '1' });
      }
    }),
  sorter: (before) =>
    changed(before, ({ spec }) => {
      for (const list of [spec.containers, spec.initContainers, spec.volumes]) {
        list?.sort((a, b) => (a.name < b.name ? 1 : -1));
      }
    }),
  defaulter: (before) =>
    changed(before, (pod) => {
      for (const container of everyContainer(pod)) container['terminationMessagePolicy'] ??= 'File';
    }),
};

/**
 * All webhooks in their order, then once more those after which something was changed: reinvocationPolicy IfNeeded
 * (apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go).
 */
function admit(before: JsonObject, hooks: readonly Hook[]): JsonObject {
  let current = before;
  let again = 0;
  for (const [index, hook] of hooks.entries()) {
    const next = hook(current);
    if (canonicalJson(next) !== canonicalJson(current)) again = index;
    current = next;
  }
  for (const hook of hooks.slice(0, again)) current = hook(current);
  return current;
}

/** The pod without the order of its lists. */
function asSet(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => canonicalJson(asSet(item))).sort();
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asSet(item)]));
}

const options: fc.Arbitrary<InjectionOptions> = fc.record(
  {
    sidecarMode: fc.constantFrom('Container', 'Native'),
    position: fc.constantFrom('First', 'Last', 'Before', 'After'),
    anchor: fc.constantFrom('app', 'p0', 'mesh', 'absent'),
    onConflict: fc.constantFrom('Skip', 'Replace', 'Reject'),
  },
  { requiredKeys: [] },
);

/** An injector that has nothing in common with the others of its kind but the app's containers. */
function injectorNumber(number: number, injection: InjectionOptions): SidecarInjector {
  const name = `p${number}`;
  return {
    apiVersion: 'sidecarinjector.dev/v1alpha1',
    kind: 'SidecarInjector',
    metadata: { name },
    spec: {
      selection: { namespaceSelector: { matchLabels: { a: 'b' } }, policy: 'OptOut' },
      template: {
        metadata: { labels: { [`l${number}`]: '1' }, annotations: { [`a${number}`]: '1' } },
        containers: [{ name, image: 'p:1', ports: [{ containerPort: 1000 + number }] }],
        initContainers: [{ name: `init-${number}`, image: 'p:1' }],
        volumes: [{ name, emptyDir: {} }],
        imagePullSecrets: [{ name }],
        hostAliases: [{ ip: '10.0.0.1', hostnames: [name] }],
        appContainers: {
          env: [{ name: `E${number}`, value: '1' }],
          volumeMounts: [{ name, mountPath: `/m${number}` }],
        },
      },
      injection,
    },
  };
}

const injectors = fc
  .array(options, { minLength: 1, maxLength: 4 })
  .map((list) => list.map((injection, number) => injectorNumber(number, injection)));
const foreign = fc.subarray(Object.keys(FOREIGN));

interface Scene {
  ours: SidecarInjector[];
  hooks: Hook[];
  order: number[];
}

const scene: fc.Arbitrary<Scene> = fc.tuple(injectors, foreign).chain(([ours, others]) => {
  const hooks = [
    ...ours.map((injector) => hookOf(injector)),
    ...others.map((name) => FOREIGN[name] ?? assert.fail(name)),
  ];
  const indexes = hooks.map((_, index) => index);
  const order = fc.shuffledSubarray(indexes, { minLength: hooks.length, maxLength: hooks.length });
  return fc.record({ ours: fc.constant(ours), hooks: fc.constant(hooks), order });
});

const before = pod({ initContainers: [{ name: 'migrate', image: 'm:1' }] });
const inOrder = ({ hooks, order }: Scene): Hook[] => order.flatMap((index) => hooks[index] ?? []);

test('any order of calls gives the same set', () => {
  fc.assert(
    fc.property(scene, (scene) => {
      assert.deepEqual(asSet(admit(before, inOrder(scene))), asSet(admit(before, scene.hooks)));
    }),
    { numRuns: 150 },
  );
});

test('called again, nobody patches when nothing is missing', () => {
  fc.assert(
    fc.property(scene, (scene) => {
      const after = admit(before, inOrder(scene));
      for (const injector of scene.ours) assert.deepEqual(patchOf(injector, after), [], injector.metadata.name);
    }),
    { numRuns: 100 },
  );
});

test('what somebody took away is put back by its owner alone, and nothing else is', () => {
  const theft = fc.constantFrom('containers', 'initContainers', 'volumes');
  fc.assert(
    fc.property(scene, theft, (scene, list) => {
      const after = admit(before, inOrder(scene));
      const [victim, ...others] = scene.ours;
      assert.ok(victim);
      const native = victim.spec.injection?.sidecarMode === 'Native';
      const from = list === 'containers' && native ? 'initContainers' : list;
      const name = list === 'initContainers' ? 'init-0' : 'p0';
      const robbed = changed(after, ({ spec }) => {
        spec[from] = (spec[from] ?? []).filter((item) => item.name !== name);
      });
      for (const other of others) assert.deepEqual(patchOf(other, robbed), []);
      const [operation, ...rest] = patchOf(victim, robbed);
      assert.deepEqual(rest, []);
      assert.match(operation?.path ?? '', new RegExp(`^/spec/${from}/(\\d+|-)$`));
      assert.equal(member(operation?.value, 'name'), name);
    }),
    { numRuns: 100 },
  );
});
