import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../storage/store.ts';
import type { FieldError, KubeObject, WriteContext } from '../types.ts';
import { fieldErrorText } from '../validation.ts';
import { builtinResources } from './index.ts';
import { toCoreForm, toEventsForm } from './event.ts';

const resources = builtinResources();
const now = new Date('2030-01-01T00:00:00Z');
const context = (store = new Store()): WriteContext => ({
  user: { username: 'admin', groups: [] },
  dryRun: false,
  warn() {},
  store,
  now,
});

function strategyOf(plural: string, group = ''): NonNullable<(typeof resources)[number]>['strategy'] {
  const found = resources.find((resource) => resource.plural === plural && resource.group === group);
  assert.ok(found);
  return found.strategy;
}

/** The object as it would be stored by a POST; errors instead when it is invalid. */
function create(
  plural: string,
  object: object,
  store = new Store(),
  group = '',
): { object: KubeObject; errors: FieldError[] } {
  const strategy = strategyOf(plural, group);
  const made = structuredClone(object) as KubeObject;
  strategy.defaults?.(made);
  strategy.prepareCreate?.(made, context(store));
  return { object: made, errors: strategy.validateCreate?.(made, context(store)) ?? [] };
}

function update(
  plural: string,
  old: KubeObject,
  change: (object: KubeObject) => void,
): { object: KubeObject; errors: string[] } {
  const strategy = strategyOf(plural);
  const object = structuredClone(old);
  object.metadata.resourceVersion = '1';
  change(object);
  strategy.defaults?.(object);
  strategy.prepareUpdate?.(object, old, context());
  const errors = strategy.validateUpdate?.(object, old, context()) ?? [];
  return { object, errors: errors.map(fieldErrorText) };
}

const pod = (spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'n' },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});

test('pods: quality of service follows requests and limits', () => {
  const qos = (resources: object): unknown =>
    (
      create('pods', pod({ containers: [{ name: 'c', image: 'i', resources }] })).object['status'] as {
        qosClass: string;
      }
    ).qosClass;
  assert.equal(qos({}), 'BestEffort');
  assert.equal(qos({ requests: { cpu: '1' } }), 'Burstable');
  assert.equal(qos({ limits: { cpu: '1', memory: '1Gi' } }), 'Guaranteed');
});

test('pods: native sidecars may have probes, other init containers may not', () => {
  const errors = (restartPolicy?: string): string[] => {
    const probe = { readinessProbe: { httpGet: { port: 80 } } };
    const container = { name: 's', image: 's', ...(restartPolicy ? { restartPolicy } : {}), ...probe };
    return create('pods', pod({ initContainers: [container] })).errors.map(fieldErrorText);
  };
  assert.deepEqual(errors('Always'), []);
  assert.deepEqual(errors(), [
    'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ]);
});

test('pods: a name in two lists of containers is found twice', () => {
  const { errors } = create('pods', pod({ initContainers: [{ name: 'c', image: 'i' }] }));
  assert.deepEqual(errors.map(fieldErrorText), ['spec.initContainers[0].name: Duplicate value: "c"']);
});

test('pods: an update changes images, and nothing else of a container', () => {
  const { object } = create('pods', pod({}));
  const image = update('pods', object, (next) =>
    Object.assign((next['spec'] as { containers: object[] }).containers[0] ?? {}, { image: 'i:2' }),
  );
  assert.deepEqual(image.errors, []);
  const command = update('pods', object, (next) =>
    Object.assign((next['spec'] as { containers: object[] }).containers[0] ?? {}, { command: ['x'] }),
  );
  assert.match(command.errors.join(), /^spec: Forbidden: pod updates may not change fields other than/v);
});

test('pods: a variable that hides another and a port used twice earn warnings', () => {
  const ports = [{ containerPort: 80, name: 'http' }];
  const { object } = create(
    'pods',
    pod({
      initContainers: [{ name: 's', image: 's', restartPolicy: 'Always', ports }],
      containers: [
        {
          name: 'c',
          image: 'i',
          ports,
          env: [
            { name: 'A', value: 'x' },
            { name: 'A', value: 'y' },
            { name: 'A', value: '$(A)z' },
          ],
        },
      ],
    }),
  );
  assert.deepEqual(strategyOf('pods').warnings?.(object, undefined), [
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[0]: duplicate port definition with spec.initContainers[0].ports[0]',
    'spec.containers[0].ports[0]: duplicate port name "http" with spec.initContainers[0].ports[0], services and probes that select ports by name will use spec.initContainers[0].ports[0]',
  ]);
});

test('pods: only a running pod on a node is deleted gracefully', () => {
  const grace = (object: KubeObject, requested?: number): number | undefined =>
    strategyOf('pods').gracefulDelete?.(object, requested);
  const { object } = create('pods', pod({ nodeName: 'node-1' }));
  assert.equal(grace(object), 30);
  assert.equal(grace(object, 5), 5);
  assert.equal(grace({ ...object, status: { phase: 'Succeeded' } }), 0);
  assert.equal(grace(create('pods', pod({})).object), 0);
});

test('services: addresses are unlike, and kept by a PUT that leaves them out', () => {
  const store = new Store();
  const service = (name: string, spec: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'n' },
    spec: { ports: [{ port: 80 }], ...spec },
  });
  const first = store.create('services', create('services', service('a', { type: 'NodePort' }), store).object);
  const second = create('services', service('b', { type: 'NodePort' }), store).object;
  const spec = (
    object: KubeObject,
  ): { clusterIP: string; type: string; ports: { nodePort?: number }[]; externalTrafficPolicy?: string } =>
    object['spec'] as ReturnType<typeof spec>;
  assert.notEqual(spec(first).clusterIP, spec(second).clusterIP);
  assert.notEqual(spec(first).ports[0]?.nodePort, spec(second).ports[0]?.nodePort);
  const put = update(
    'services',
    first,
    (next) => (next['spec'] = { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP' }] }),
  );
  assert.deepEqual([put.errors, put.object['spec']], [[], first['spec']]);
  const inner = update('services', first, (next) => (spec(next).type = 'ClusterIP'));
  assert.deepEqual(
    [inner.errors, spec(inner.object).ports[0]?.nodePort, spec(inner.object).externalTrafficPolicy],
    [[], undefined, undefined],
  );
});

test('secrets: stringData wins and is not kept', () => {
  const { object } = create('secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'n' },
    data: { k: 'b2xk' },
    stringData: { k: 'new' },
  });
  assert.deepEqual([object['data'], object['stringData'], object['type']], [{ k: 'bmV3' }, undefined, 'Opaque']);
});

test('times and quantities are written as Go writes them', () => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', namespace: 'n' } };
  const { object } = create(
    'leases',
    { ...lease, spec: { renewTime: '2024-01-01T01:00:00.5+01:00' } },
    new Store(),
    'coordination.k8s.io',
  );
  assert.deepEqual(object['spec'], { renewTime: '2024-01-01T00:00:00.500000Z' });
  const written = (quantity: string): unknown => {
    const resources = { requests: { memory: quantity } };
    const spec = create('pods', pod({ containers: [{ name: 'c', image: 'i', resources }] })).object['spec'];
    return (spec as { containers: { resources: typeof resources }[] }).containers[0]?.resources.requests.memory;
  };
  const expected = {
    '1000m': '1',
    '0.5': '500m',
    '1024Mi': '1Gi',
    '1.5Gi': '1536Mi',
    '1000Ki': '1000Ki',
    '512Ki': '512Ki',
    '0': '0',
    '128000000': '128M',
  };
  for (const [given, text] of Object.entries(expected)) assert.equal(written(given), text, given);
});

test('events: one object, two forms', () => {
  const core = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'n' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'n' },
    message: 'hello',
    count: 2,
  } as KubeObject;
  const other = toEventsForm(core);
  assert.deepEqual(
    [other['regarding'], other['note'], other['deprecatedCount'], other['message']],
    [core['involvedObject'], 'hello', 2, undefined],
  );
  const back = toCoreForm(other);
  assert.deepEqual([back['involvedObject'], back['message'], back['count']], [core['involvedObject'], 'hello', 2]);
});

test('role bindings: the role cannot change', () => {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'b', namespace: 'n' },
    roleRef,
  };
  const strategy = strategyOf('rolebindings', 'rbac.authorization.k8s.io');
  const old = create('rolebindings', binding, new Store(), 'rbac.authorization.k8s.io').object;
  const next = structuredClone(old);
  next.metadata.resourceVersion = '1';
  next['roleRef'] = { ...roleRef, name: 'other' };
  assert.deepEqual(
    strategy.validateUpdate?.(next, old, context()).map(({ detail }) => detail),
    ['cannot change roleRef'],
  );
});

test('tables: a pod with a sidecar that waits, restarts and ends', () => {
  const columns = resources.find(({ plural }) => plural === 'pods')?.columns ?? [];
  const cells = (object: object): unknown[] =>
    columns.slice(1, 4).map((column) => column.value(object as KubeObject, now));
  const made = create('pods', pod({ initContainers: [{ name: 's', image: 's', restartPolicy: 'Always' }] })).object;
  assert.deepEqual(cells(made), ['0/2', 'Pending', '0']);
  const running = { name: 'c', ready: true, state: { running: {} } };
  const crashed = {
    name: 's',
    started: true,
    ready: false,
    restartCount: 3,
    lastState: { terminated: { finishedAt: '2029-12-31T23:55:00Z' } },
    state: { running: {} },
  };
  const status = { phase: 'Running', initContainerStatuses: [crashed], containerStatuses: [running] };
  assert.deepEqual(cells({ ...made, status }), ['1/2', 'Running', '3 (5m ago)']);
  const metadata = { ...made.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' };
  assert.deepEqual(cells({ ...made, metadata, status })[1], 'Terminating');
});
