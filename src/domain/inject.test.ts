import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATUS_ANNOTATION, injector, names, pod } from '../../test/testdata/samples.ts';
import type { SidecarInjector, Template } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';
import { at, mapAt } from './json.ts';
import { templateRevision } from './revision.ts';

const templated = (template: Template, injection: SidecarInjector['spec']['injection'] = {}): SidecarInjector =>
  injector({ template, injection });
const sidecar = { name: 'sidecar', image: 's:1' };

test('D1 parents that a pod does not have are created: no volumes, no annotations', () => {
  const { pod: result, operations } = inject({ metadata: {}, spec: { containers: [{ name: 'app' }] } }, injector());
  assert.deepEqual(names(result, 'volumes'), ['nginx-conf']);
  assert.equal(operations.findIndex(({ path }) => path === '/spec/volumes') > -1, true);
  assert.equal(at(result, ['metadata', 'annotations', STATUS_ANNOTATION]), `injected@${templateRevision(injector())}`);
});

test("D2 the user's annotations and labels stay", () => {
  const template = {
    containers: [sidecar],
    metadata: { labels: { app: 'ours', new: '1' }, annotations: { a: 'ours' } },
  };
  const result = inject(
    pod({}, { labels: { app: 'theirs' }, annotations: { a: 'theirs', b: '2' } }),
    templated(template),
  );
  const { 'injected.sidecarinjector.dev/nginx': _ours, ...labels } = mapAt(result.pod, ['metadata', 'labels']);
  assert.deepEqual(labels, { app: 'theirs', new: '1' });
  assert.equal(at(result.pod, ['metadata', 'annotations', 'a']), 'theirs');
  assert.equal(at(result.pod, ['metadata', 'annotations', 'b']), '2');
  assert.deepEqual(result.notes, [
    "the pod's own value of label app was kept",
    "the pod's own value of annotation a was kept",
  ]);
});

test('labels and annotations of the pod are replaced when that is asked, and those of the same value are no news', () => {
  const template = { containers: [sidecar], metadata: { labels: { app: 'ours', same: '1' } } };
  const theirs = pod({}, { labels: { app: 'theirs', same: '1' } });
  const result = inject(theirs, templated(template, { onConflict: 'Replace' }));
  assert.equal(at(result.pod, ['metadata', 'labels', 'app']), 'ours');
  assert.deepEqual(result.notes, ["the pod's own value of label app was replaced"]);
  assert.deepEqual(
    result.operations.filter(({ path }) => path.endsWith('/same')),
    [],
  );
});

test("the operator's own label and annotation are not the template's to set", () => {
  const label = 'injected.sidecarinjector.dev/nginx';
  const metadata = { labels: { [label]: 'x' }, annotations: { [STATUS_ANNOTATION]: 'x' } };
  const by = injector({ template: { containers: [sidecar], metadata } });
  const { pod: first, operations } = inject(pod(), by);
  assert.equal(at(first, ['metadata', 'labels', label]), templateRevision(by));
  assert.equal(operations.filter(({ value }) => value === 'x').length, 0);
  const again = inject(first, by);
  assert.deepEqual([again.operations, again.notes], [[], []]);
});

test('what was said of a pod is not said again', () => {
  const template = { containers: [sidecar], metadata: { labels: { app: 'ours' } } };
  const first = inject(pod({}, { labels: { app: 'theirs' } }), templated(template));
  assert.equal(first.notes.length, 1);
  assert.deepEqual(inject(first.pod, templated(template)).notes, []);
});

test('a host alias without names changes nothing of one that is there', () => {
  const there = { ip: '10.0.0.1', hostnames: ['x'] };
  const by = templated({ containers: [sidecar], hostAliases: [{ ip: '10.0.0.1' }] });
  assert.deepEqual(at(inject(pod({ hostAliases: [there] }), by).pod, ['spec', 'hostAliases']), [there]);
});

test('D3 two volumes for a pod without volumes are both there', () => {
  const template = {
    containers: [sidecar],
    volumes: [
      { name: 'a', emptyDir: {} },
      { name: 'b', emptyDir: {} },
    ],
  };
  assert.deepEqual(names(inject(pod(), templated(template)).pod, 'volumes'), ['a', 'b']);
});

test('D4 values with quotes, newlines and slashes arrive as they are', () => {
  const value = 'a"b\\c\nd/e~f{{g}}';
  const template = {
    containers: [{ ...sidecar, env: [{ name: 'X', value }] }],
    metadata: { annotations: { 'k/e~y': value } },
  };
  const { pod: result, operations } = inject(pod(), templated(template));
  assert.equal(at(result, ['spec', 'containers', 1, 'env', 0, 'value']), value);
  assert.ok(operations.some(({ path }) => path === '/metadata/annotations/k~1e~0y'));
  assert.doesNotThrow(() => JSON.parse(JSON.stringify(operations)) as unknown);
});

test('D6 unknown fields survive, as nothing is rebuilt', () => {
  const theirs = pod({ futureField: { a: [1] }, containers: [{ name: 'app', restartPolicyRules: [{ x: 1 }] }] });
  const { pod: result } = inject(theirs, injector());
  assert.deepEqual(at(result, ['spec', 'futureField']), { a: [1] });
  assert.deepEqual(at(result, ['spec', 'containers', 0]), { name: 'app', restartPolicyRules: [{ x: 1 }] });
});

test('D13 a status annotation without the sidecar does not dodge it', () => {
  const status = `injected@${templateRevision(injector())}`;
  const { pod: result } = inject(pod({}, { annotations: { [STATUS_ANNOTATION]: status } }), injector());
  assert.deepEqual(names(result, 'containers'), ['app', 'sidecar-nginx']);
});

test("D14 an app's container is not replaced in silence by a sidecar of its name", () => {
  const theirs = pod({ containers: [{ name: 'sidecar', image: 'theirs:1' }] });
  const skipped = inject(theirs, templated({ containers: [sidecar] }));
  assert.deepEqual(skipped.operations, []);
  assert.deepEqual(
    skipped.conflicts.map(({ text }) => text),
    ['the name sidecar is taken by another container'],
  );
  const replaced = inject(theirs, templated({ containers: [sidecar] }, { onConflict: 'Replace' }));
  assert.deepEqual(at(replaced.pod, ['spec', 'containers']), [sidecar]);
  assert.deepEqual(replaced.operations[0], { op: 'replace', path: '/spec/containers/0', value: sidecar });
});

test("D17 a native sidecar starts before the pod's init containers, which may need it", () => {
  const theirs = pod({ initContainers: [{ name: 'migrate' }] });
  const setup = { name: 'setup' };
  const native = { name: 'proxy', restartPolicy: 'Always' };
  const given = inject(theirs, templated({ initContainers: [setup, native] }));
  assert.deepEqual(names(given.pod, 'initContainers'), ['proxy', 'migrate', 'setup']);
  const made = inject(theirs, templated({ containers: [sidecar] }, { sidecarMode: 'Native' }));
  assert.deepEqual(names(made.pod, 'initContainers'), ['sidecar', 'migrate']);
  assert.equal(at(made.pod, ['spec', 'initContainers', 0, 'restartPolicy']), 'Always');
  assert.deepEqual(names(made.pod, 'containers'), ['app']);
});

test('positions', () => {
  const theirs = pod({ containers: [{ name: 'a' }, { name: 'b' }] });
  const template = { containers: [{ name: 'x' }, { name: 'y' }] };
  const order = (injection: SidecarInjector['spec']['injection']): unknown[] =>
    names(inject(theirs, templated(template, injection)).pod, 'containers');
  assert.deepEqual(order({}), ['a', 'b', 'x', 'y']);
  assert.deepEqual(order({ position: 'Last' }), ['a', 'b', 'x', 'y']);
  assert.deepEqual(order({ position: 'First' }), ['x', 'y', 'a', 'b']);
  assert.deepEqual(order({ position: 'Before', anchor: 'b' }), ['a', 'x', 'y', 'b']);
  assert.deepEqual(order({ position: 'After', anchor: 'a' }), ['a', 'x', 'y', 'b']);
  assert.deepEqual(order({ position: 'After', anchor: 'b' }), ['a', 'b', 'x', 'y']);
  assert.deepEqual(order({ position: 'After', anchor: 'absent' }), ['a', 'b', 'x', 'y']);
  const { notes } = inject(theirs, templated(template, { position: 'Before', anchor: 'absent' }));
  assert.deepEqual(notes, ['the pod has no container absent to be placed before: placed as usual']);
  for (const position of ['First', 'Last'] as const) {
    assert.deepEqual(inject(theirs, templated(template, { position, anchor: 'absent' })).notes, [], position);
  }
});

test('an anchor in one of the lists is enough', () => {
  const theirs = pod({ initContainers: [{ name: 'migrate' }] });
  const template = { containers: [sidecar], initContainers: [{ name: 'init', image: 'i' }] };
  const placed = inject(theirs, templated(template, { position: 'Before', anchor: 'app' }));
  assert.deepEqual(names(placed.pod, 'containers'), ['sidecar', 'app']);
  assert.deepEqual(names(placed.pod, 'initContainers'), ['migrate', 'init']);
  assert.deepEqual(placed.notes, []);
});

test('an anchor that is missing is said once, and not where there is nothing to place', () => {
  const theirs = pod({ initContainers: [{ name: 'migrate' }] });
  const template = { containers: [sidecar], initContainers: [{ name: 'init', image: 'i' }] };
  assert.equal(inject(theirs, templated(template, { position: 'After', anchor: 'absent' })).notes.length, 1);
  const volumes = templated({ volumes: [{ name: 'v', emptyDir: {} }] }, { position: 'After', anchor: 'absent' });
  assert.deepEqual(inject(theirs, volumes).notes, []);
});

test('native sidecars and init containers keep the places that their position gives them', () => {
  const theirs = pod({ initContainers: [{ name: 'a' }, { name: 'b' }] });
  const template = { containers: [sidecar], initContainers: [{ name: 'init', image: 'i' }] };
  const order = (injection: SidecarInjector['spec']['injection'], of = theirs): unknown[] =>
    names(inject(of, templated(template, { sidecarMode: 'Native', ...injection })).pod, 'initContainers');
  assert.deepEqual(order({}), ['sidecar', 'a', 'b', 'init']);
  assert.deepEqual(order({ position: 'Last' }), ['a', 'b', 'sidecar', 'init']);
  assert.deepEqual(order({ position: 'First' }), ['sidecar', 'init', 'a', 'b']);
  assert.deepEqual(order({ position: 'First' }, pod()), ['sidecar', 'init']);
  assert.deepEqual(order({ position: 'After', anchor: 'a' }), ['a', 'sidecar', 'init', 'b']);
});

test('ports clash only with containers that run at the same time, and cannot be replaced', () => {
  const web = { containers: [{ ...sidecar, ports: [{ containerPort: 80 }] }] };
  const conflictsWith = (spec: object): string[] =>
    inject(pod({ ...spec }), templated(web, { onConflict: 'Replace' })).conflicts.map(({ text }) => text);
  const ports = [{ containerPort: 80, protocol: 'TCP' }];
  assert.deepEqual(conflictsWith({ containers: [{ name: 'app', ports }] }), ['port 80/TCP is taken by container app']);
  assert.deepEqual(conflictsWith({ initContainers: [{ name: 'i', restartPolicy: 'Always', ports }] }).length, 1);
  assert.deepEqual(conflictsWith({ initContainers: [{ name: 'i', ports }] }), []);
  assert.deepEqual(
    conflictsWith({ containers: [{ name: 'app', ports: [{ containerPort: 80, protocol: 'UDP' }] }] }),
    [],
  );
});

test('ports of the node clash, whatever they lead to; a device is in the way of a mount', () => {
  const web = templated({ containers: [{ ...sidecar, ports: [{ containerPort: 80, hostPort: 8080 }] }] });
  const ports = [{ containerPort: 81, hostPort: 8080, protocol: 'TCP' }];
  assert.deepEqual(
    inject(pod({ containers: [{ name: 'app', ports }] }), web).conflicts.map(({ text }) => text),
    ['port 8080/TCP of the node is taken by container app'],
  );
  const mounting = templated(
    { containers: [sidecar], appContainers: { volumeMounts: [{ name: 'v', mountPath: '/dev/x' }] } },
    { onConflict: 'Replace' },
  );
  const volumeDevices = [{ name: 'd', devicePath: '/dev/x' }];
  assert.equal(inject(pod({ containers: [{ name: 'app', volumeDevices }] }), mounting).conflicts[0]?.kind, 'mountPath');
});

test('a volume of the same name and other content is a conflict', () => {
  const template = { containers: [sidecar], volumes: [{ name: 'v', emptyDir: {} }] };
  const theirs = pod({ volumes: [{ name: 'v', configMap: { name: 'c' } }] });
  assert.equal(inject(theirs, templated(template)).conflicts[0]?.text, 'the name v is taken by another volume');
});

test("the app's containers get environment and mounts, and keep their own", () => {
  const appContainers = {
    env: [
      { name: 'A', value: 'ours' },
      { name: 'B', value: 'ours' },
    ],
    envFrom: [{ configMapRef: { name: 'shared' } }],
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
  };
  const template = { containers: [sidecar], appContainers, volumes: [{ name: 'v', emptyDir: {} }] };
  const theirs = pod({ containers: [{ name: 'app', env: [{ name: 'A', value: 'theirs' }] }, { name: 'other' }] });
  const { pod: result } = inject(theirs, templated(template, { position: 'First' }));
  assert.deepEqual(names(result, 'containers'), ['sidecar', 'app', 'other']);
  assert.deepEqual(at(result, ['spec', 'containers', 1]), {
    name: 'app',
    env: [
      { name: 'A', value: 'theirs' },
      { name: 'B', value: 'ours' },
    ],
    envFrom: appContainers.envFrom,
    volumeMounts: appContainers.volumeMounts,
  });
  assert.deepEqual(at(result, ['spec', 'containers', 0]), sidecar);
  const one = templated({ ...template, appContainers: { ...appContainers, names: ['other'] } });
  assert.deepEqual(at(inject(theirs, one).pod, ['spec', 'containers', 0]), at(theirs, ['spec', 'containers', 0]));
});

test('a mount path of the app that is taken is a conflict, and is replaced only when that is asked', () => {
  const template = { containers: [sidecar], appContainers: { volumeMounts: [{ name: 'v', mountPath: '/data' }] } };
  const theirs = pod({ containers: [{ name: 'app', volumeMounts: [{ name: 'own', mountPath: '/data/' }] }] });
  assert.equal(inject(theirs, templated(template)).conflicts[0]?.kind, 'mountPath');
  const { pod: result } = inject(theirs, templated(template, { onConflict: 'Replace' }));
  assert.deepEqual(at(result, ['spec', 'containers', 0, 'volumeMounts']), [{ name: 'v', mountPath: '/data' }]);
});

test('pull secrets and host aliases are merged', () => {
  const template = {
    containers: [sidecar],
    imagePullSecrets: [{ name: 'a' }, { name: 'b' }],
    hostAliases: [
      { ip: '10.0.0.1', hostnames: ['x', 'y'] },
      { ip: '10.0.0.2', hostnames: ['z'] },
    ],
  };
  const theirs = pod({ imagePullSecrets: [{ name: 'b' }], hostAliases: [{ ip: '10.0.0.1', hostnames: ['y'] }] });
  const { pod: result } = inject(theirs, templated(template));
  assert.deepEqual(names(result, 'imagePullSecrets'), ['b', 'a']);
  assert.deepEqual(at(result, ['spec', 'hostAliases']), [
    { ip: '10.0.0.1', hostnames: ['y', 'x'] },
    { ip: '10.0.0.2', hostnames: ['z'] },
  ]);
});

test('a sidecar that another webhook has touched is still ours, and its removed volume is put back', () => {
  const { pod: first } = inject(pod(), injector());
  const touched = structuredClone(first) as { spec: { containers: { env?: unknown[] }[]; volumes: unknown[] } };
  for (const container of touched.spec.containers) container.env = [{ name: 'TRACE', value: '1' }];
  assert.deepEqual(inject(touched, injector()).operations, []);
  touched.spec.volumes = [];
  assert.deepEqual(
    inject(touched, injector()).operations.map(({ path }) => path),
    ['/spec/volumes/-'],
  );
});

test('an injected pod carries the revision as a label, whatever label it came with', () => {
  const key = 'injected.sidecarinjector.dev/nginx';
  for (const labels of [{}, undefined, { [key]: 'forged' }, { [key]: templateRevision(injector()) }]) {
    const { pod: result } = inject(pod({}, { labels }), injector());
    assert.equal(at(result, ['metadata', 'labels', key]), templateRevision(injector()));
  }
  const clash = inject(pod({ containers: [{ name: 'sidecar-nginx', image: 'x' }] }), injector());
  assert.equal(at(clash.pod, ['metadata', 'labels']), undefined, 'what is not injected is not labelled');
});

test('a plain sidecar in the pod of a Job earns a warning that says Native', () => {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
  const jobs = [
    { ownerReferences: [owner] },
    { labels: { 'batch.kubernetes.io/job-name': 'j' } },
    { labels: { 'job-name': 'j' } },
  ];
  const others = [
    {},
    { ownerReferences: [{ ...owner, kind: 'ReplicaSet' }] },
    { ownerReferences: [{ ...owner, apiVersion: 'batch.volcano.sh/v1' }] },
    { labels: { constructor: 'j' } },
  ];
  const notes = (metadata: object, by: SidecarInjector): readonly string[] =>
    inject(pod({}, { ...metadata }), by).notes;
  for (const metadata of jobs) {
    assert.match(notes(metadata, injector()).join(), /keeps this Job from completing: set sidecarMode to Native/);
    assert.deepEqual(notes(metadata, injector({ injection: { sidecarMode: 'Native' } })), []);
    assert.deepEqual(notes(metadata, templated({ initContainers: [sidecar] })), []);
  }
  for (const metadata of others) assert.deepEqual(notes(metadata, injector()), []);
});

test('a variable that the app sets itself: kept and said, replaced, or the pod is refused', () => {
  const appContainers = {
    env: [
      { name: 'A', value: 'ours' },
      { name: 'B', value: '' },
    ],
  };
  const theirs = pod({ containers: [{ name: 'app', env: [{ name: 'A', value: 'theirs' }, { name: 'B' }] }] });
  const under = (onConflict: 'Skip' | 'Replace' | 'Reject') =>
    inject(theirs, templated({ containers: [sidecar], appContainers }, { onConflict }));
  const value = (result: unknown): unknown => at(result, ['spec', 'containers', 0, 'env', 0, 'value']);
  assert.equal(value(under('Skip').pod), 'theirs');
  assert.deepEqual(under('Skip').notes, ['container app sets A itself: kept as it is']);
  assert.deepEqual(names(under('Skip').pod, 'containers'), ['app', 'sidecar']);
  assert.equal(value(under('Replace').pod), 'ours');
  assert.deepEqual(under('Replace').notes, ['container app sets A itself: replaced']);
  assert.deepEqual(
    under('Reject').conflicts.map(({ kind, text }) => [kind, text]),
    [['env', 'container app sets A itself']],
  );
});

test('app containers are named with wildcards', () => {
  const theirs = pod({ containers: ['web-1', 'web-2', 'job'].map((name) => ({ name })) });
  const equipped = (names: string[]): unknown[] => {
    const by = templated({ containers: [sidecar], appContainers: { names, env: [{ name: 'A', value: '1' }] } });
    const containers = at(inject(theirs, by).pod, ['spec', 'containers']) as { name: string; env?: unknown }[];
    return containers.filter(({ env }) => env !== undefined).map(({ name }) => name);
  };
  assert.deepEqual(equipped(['*']), ['web-1', 'web-2', 'job'], 'and never the sidecar');
  assert.deepEqual(equipped(['web-*']), ['web-1', 'web-2']);
  assert.deepEqual(equipped(['web-?', 'job']), ['web-1', 'web-2', 'job']);
  assert.deepEqual(equipped(['web']), []);
});

test('of two mounts that only differ by a slash, the one of the same text is replaced: no path is there twice', () => {
  const mounts = ['/b/', '/b'].map((mountPath) => ({ name: 'theirs', mountPath }));
  const volume = { name: 'log', mountPath: '/b' };
  const { pod: result, conflicts } = inject(
    pod({ containers: [{ name: 'app', volumeMounts: mounts }], volumes: [{ name: 'theirs', emptyDir: {} }] }),
    injector({
      template: { volumes: [{ name: 'log', emptyDir: {} }], appContainers: { volumeMounts: [volume] } },
      injection: { onConflict: 'Replace' },
    }),
  );
  assert.deepEqual(conflicts, []);
  assert.deepEqual(at(result, ['spec', 'containers', 0, 'volumeMounts']), [mounts[0], volume]);
});
