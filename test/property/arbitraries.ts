/** Pods and injectors as users and other webhooks may make them, with awkward names and fields of the future. */
import * as fc from 'fast-check';
import type { Container, JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { ANNOTATION, STATUS_ANNOTATION } from '../testdata/samples.ts';

/** Names that Object.prototype has too, and ones that a JSON pointer must escape. */
const awkward = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a/b',
  'c~d',
  '~1',
  '-',
  '0',
  '',
);
/** Few names, so that clashes between pod and template are common. */
const name = fc.constantFrom('app', 'web', 'proxy', 'sidecar', 'log', 'constructor', 'toString');
const path = fc.constantFrom('/a', '/b', '/b/', '/c');
const key = fc.oneof(awkward, fc.constantFrom('x', 'app', 'example.com/y', ANNOTATION, STATUS_ANNOTATION));

/** An object whose members, `__proto__` among them, are its own, as JSON.parse makes them. */
function ownObject(entries: readonly (readonly [string, unknown])[]): JsonObject {
  return JSON.parse(
    `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
  ) as JsonObject;
}

/** Annotations that overrides listen to, and values that fit some of them. */
const overrideKey = fc.constantFrom('o/1', 'o/2', 'x');
const overrideValue = fc.oneof(fc.constantFrom('1', '200m', 'true', 'i:3', '1Gi', '-1', 'a b', '\n- x'), fc.string());

const json = fc.jsonValue({ maxDepth: 2 });
const texts = fc
  .array(fc.oneof(fc.tuple(key, fc.string()), fc.tuple(overrideKey, overrideValue)), { maxLength: 4 })
  .map(ownObject);
/** Fields that this program has never heard of. */
const future = fc
  .array(fc.tuple(fc.oneof(awkward, fc.constantFrom('futureField', 'restartPolicyRules')), json), { maxLength: 2 })
  .map(ownObject);

const withFuture = (known: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> =>
  fc
    .tuple(known, future)
    .map(([object, unknown]) => ownObject([...Object.entries(unknown), ...Object.entries(object)]));

const mount = fc.record({ name, mountPath: path });
const env = fc.record({ name, value: fc.string() });
const port = fc.record(
  { containerPort: fc.constantFrom(80, 8080, 9000), protocol: fc.constantFrom('TCP', 'UDP') },
  { requiredKeys: ['containerPort'] },
);
const many = <T>(item: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> => fc.array(item, { maxLength });

const container: fc.Arbitrary<JsonObject> = fc.record(
  {
    name,
    image: fc.constantFrom('i:1', 'i:2'),
    command: many(fc.constantFrom('sleep', '-x'), 2),
    env: many(env),
    ports: many(port, 2),
    volumeMounts: many(mount),
    restartPolicy: fc.constantFrom('Always', 'Never'),
    resources: fc.constantFrom({}, { limits: { cpu: '0.5' } }, { limits: { cpu: '500m' } }),
  },
  { requiredKeys: ['name'] },
);
const uniqueByName = <T extends JsonObject>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [item['name'], item])).values(),
];
const volume = fc
  .tuple(name, fc.constantFrom({ emptyDir: {} }, { configMap: { name: 'c' } }, {}))
  .map(([name, source]) => ({ name, ...source }));

/** A Pod as the API server would send it: lists are lists, everything else is free. */
export const podArbitrary: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      containers: many(withFuture(container)).map((items) => uniqueByName(items)),
      initContainers: fc.option(many(withFuture(container)).map((items) => uniqueByName(items))),
      volumes: fc.option(many(withFuture(volume)).map((items) => uniqueByName(items))),
      imagePullSecrets: fc.option(many(fc.record({ name }))),
      hostAliases: fc.option(
        many(fc.record({ ip: fc.constantFrom('10.0.0.1', '10.0.0.2'), hostnames: fc.option(many(name)) })),
      ),
      hostNetwork: fc.boolean(),
    },
    { requiredKeys: ['containers'] },
  )
  .chain((spec) => fc.tuple(withFuture(fc.constant(spec)), fc.option(texts), fc.option(texts), future))
  .map(([spec, labels, annotations, unknown]) =>
    ownObject([
      ...Object.entries(unknown),
      ['kind', 'Pod'],
      ['metadata', { generateName: 'web-', labels, annotations }],
      ['spec', spec],
    ]),
  );

const template = fc.record(
  {
    metadata: fc.record({ labels: texts, annotations: texts }, { requiredKeys: [] }),
    containers: many(container).map((items) => uniqueByName(items)),
    initContainers: many(container).map((items) => uniqueByName(items)),
    volumes: many(volume).map((items) => uniqueByName(items)),
    imagePullSecrets: many(fc.record({ name })).map((items) => uniqueByName(items)),
    hostAliases: fc.constantFrom([], [{ ip: '10.0.0.1', hostnames: ['a', 'b'] }]),
    appContainers: fc.record(
      {
        names: fc.constantFrom(['*'], ['app'], ['?e*', 'lo?']),
        env: many(env).map((items) => uniqueByName(items)),
        envFrom: fc.constantFrom([], [{ configMapRef: { name: 'c' } }]),
        volumeMounts: fc.constantFrom([], [{ name: 'log', mountPath: '/b' }]),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const override = fc.record(
  {
    annotation: overrideKey,
    path: fc.oneof(
      name.map((of) => `/containers/[name=${of}]/image`),
      name.map((of) => `/initContainers/[name=${of}]/args/0`),
      fc.tuple(name, name).map(([of, variable]) => `/containers/[name=${of}]/env/[name=${variable}]/value`),
      fc
        .tuple(name, fc.constantFrom('limits', 'requests'))
        .map(([of, kind]) => `/containers/[name=${of}]/resources/${kind}/cpu`),
      name.map((of) => `/volumes/[name=${of}]/emptyDir/sizeLimit`),
      name.map((of) => `/appContainers/env/[name=${of}]/value`),
      fc.constantFrom('/metadata/labels/x', '/metadata/annotations/constructor', '/securityContext/privileged', ''),
    ),
    type: fc.constantFrom('string', 'integer', 'boolean', 'quantity'),
    min: fc.constantFrom(0, '100m'),
    max: fc.constantFrom(2, '1Gi'),
    maxLength: fc.integer({ min: 1, max: 20 }),
    enum: fc.constantFrom(['1', '200m', 'i:3'], []),
  },
  { requiredKeys: ['annotation', 'path', 'type'] },
);

/** The CRD refuses a container and an init container of one name. */
function disjoint(containers: readonly JsonObject[] = [], initContainers: readonly JsonObject[] = []): Container[] {
  const taken = new Set(containers.map((container) => container['name']));
  return initContainers.filter((container) => !taken.has(container['name'])) as Container[];
}

export const injectorArbitrary: fc.Arbitrary<SidecarInjector> = fc
  .record({
    template,
    injection: fc.record(
      {
        sidecarMode: fc.constantFrom('Container', 'Native', 'Auto'),
        position: fc.constantFrom('First', 'Last', 'Before', 'After'),
        anchor: name,
        onConflict: fc.constantFrom('Skip', 'Replace', 'Reject'),
      },
      { requiredKeys: [] },
    ),
    mode: fc.constantFrom('Enforce', 'Audit', 'Paused'),
    policy: fc.constantFrom('OptIn', 'OptOut'),
    overrides: many(override),
  })
  .map(
    ({ template, injection, mode, policy, overrides }) =>
      ownObject(
        Object.entries({
          apiVersion: 'sidecarinjector.dev/v1alpha1',
          kind: 'SidecarInjector',
          metadata: { name: 'nginx' },
          spec: {
            mode,
            selection: { namespaceSelector: {}, annotation: ANNOTATION, statusAnnotation: STATUS_ANNOTATION, policy },
            template: { ...template, initContainers: disjoint(template.containers, template.initContainers) },
            injection,
            overrides,
          },
        }),
      ) as unknown as SidecarInjector,
  );
