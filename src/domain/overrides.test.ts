import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, names, pod } from '../../test/testdata/samples.ts';
import { templateOf } from '../api/v1alpha1/defaults.ts';
import type { JsonObject, Override, SidecarInjector, Template } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';
import { at, member } from './json.ts';
import { fieldKindOf } from './override-path.ts';
import { tunedTemplate } from './overrides.ts';
import { templateRevision } from './revision.ts';

const KEY = 'example.com/v';
const TEMPLATE: Template = {
  metadata: { labels: { tier: 'proxy' } },
  containers: [
    {
      name: 'proxy',
      image: 'proxy:1',
      args: ['--level=info', '--verbose'],
      env: [
        { name: 'LEVEL', value: 'info' },
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
      resources: { requests: { cpu: '100m' }, limits: { cpu: '500m' } },
      readinessProbe: { httpGet: { path: '/', port: 1 }, periodSeconds: 10 },
    },
  ],
  volumes: [
    { name: 'scratch', emptyDir: {} },
    { name: 'conf', configMap: { name: 'c' } },
  ],
  appContainers: { env: [{ name: 'PROXY', value: 'on' }] },
};
const PROXY = '/containers/[name=proxy]';

const allowing = (...overrides: Partial<Override>[]): SidecarInjector =>
  injector({
    template: TEMPLATE,
    overrides: overrides.map((override) => ({ annotation: KEY, path: `${PROXY}/image`, type: 'string', ...override })),
  });
const asking = (annotations: Record<string, unknown>): JsonObject => pod({}, { annotations });
const proxyOf = (result: JsonObject, path: (string | number)[]): unknown =>
  at(result, ['spec', 'containers', 1, ...path]);

interface Case {
  override: Partial<Override>;
  value: string;
  /** Where to look in the result's second container, or from its root with a leading '/'. */
  at: (string | number)[];
  gives: unknown;
}

const TAKEN: Record<string, Case> = {
  image: { override: {}, value: 'proxy:2', at: ['image'], gives: 'proxy:2' },
  'an image of a list': {
    override: { enum: ['proxy:1', 'proxy:2'] },
    value: 'proxy:2',
    at: ['image'],
    gives: 'proxy:2',
  },
  'an argument': {
    override: { path: `${PROXY}/args/0` },
    value: '--x\n- y',
    at: ['args'],
    gives: ['--x\n- y', '--verbose'],
  },
  'a variable that is there': {
    override: { path: `${PROXY}/env/[name=LEVEL]/value` },
    value: 'debug',
    at: ['env', 0],
    gives: { name: 'LEVEL', value: 'debug' },
  },
  'a variable that is not there': {
    override: { path: `${PROXY}/env/[name=NEW]/value`, type: 'integer', min: 1, max: 9 },
    value: '5',
    at: ['env', 2],
    gives: { name: 'NEW', value: '5' },
  },
  'a boolean in any spelling': {
    override: { path: `${PROXY}/env/[name=LEVEL]/value`, type: 'boolean' },
    value: 'YES',
    at: ['env', 0, 'value'],
    gives: 'true',
  },
  'a quantity in its bounds': {
    override: { path: `${PROXY}/resources/limits/cpu`, type: 'quantity', min: '200m', max: 2 },
    value: '1.5',
    at: ['resources', 'limits', 'cpu'],
    gives: '1.5',
  },
  'a resource that is not there': {
    override: { path: `${PROXY}/resources/limits/memory`, type: 'quantity' },
    value: '64Mi',
    at: ['resources'],
    gives: { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } },
  },
  'a number in a probe': {
    override: { path: `${PROXY}/readinessProbe/periodSeconds`, type: 'integer' },
    value: '30',
    at: ['readinessProbe', 'periodSeconds'],
    gives: 30,
  },
  'an item that the template lacks': {
    override: { path: '/metadata/labels/app.kubernetes.io~1part-of' },
    value: 'shop',
    at: ['/', 'metadata', 'labels', 'app.kubernetes.io/part-of'],
    gives: 'shop',
  },
  "the size of a volume that is only the pod's": {
    override: { path: '/volumes/[name=scratch]/emptyDir/sizeLimit', type: 'quantity' },
    value: '1Gi',
    at: ['/', 'spec', 'volumes', 0, 'emptyDir', 'sizeLimit'],
    gives: '1Gi',
  },
  "a variable of the app's containers": {
    override: { path: '/appContainers/env/[name=PROXY]/value' },
    value: 'off',
    at: ['/', 'spec', 'containers', 0, 'env', 0, 'value'],
    gives: 'off',
  },
};

for (const [what, { override, value, at: where, gives }] of Object.entries(TAKEN)) {
  test(`taken: ${what}`, () => {
    const by = allowing(override);
    const theirs = asking({ [KEY]: value });
    const { pod: result, notes } = inject(theirs, by);
    assert.deepEqual(notes, []);
    assert.deepEqual(where[0] === '/' ? at(result, where.slice(1)) : proxyOf(result, where), gives);
    assert.deepEqual(inject(result, by).operations, [], 'called again, nothing is missing');
    assert.equal(
      member(at(result, ['metadata', 'labels']), 'injected.sidecarinjector.dev/nginx'),
      templateRevision(by),
    );
    assert.equal(templateRevision(by), templateRevision(injector({ template: TEMPLATE })));
  });
}

const REFUSED: Record<string, [override: Partial<Override>, value: unknown, says: RegExp]> = {
  'not of the list': [{ enum: ['a:1'] }, 'b:1', /must be one of a:1/],
  'too long': [{ maxLength: 3 }, 'a:12', /longer than 3 characters/],
  'an image with a newline': [{}, 'a:1\n  name: evil', /image without spaces/],
  'an empty image': [{}, '', /image without spaces/],
  'a NUL': [{ path: `${PROXY}/args/0` }, 'a\0', /NUL/],
  'not a text': [{}, { a: 1 }, /is not a text/],
  'not a number': [{ path: `${PROXY}/env/[name=LEVEL]/value`, type: 'integer' }, '1e3', /whole number/],
  'not a boolean': [{ path: `${PROXY}/env/[name=LEVEL]/value`, type: 'boolean' }, 'maybe', /true" or "false/],
  'too small': [{ path: `${PROXY}/resources/limits/cpu`, type: 'quantity', min: '200m' }, '199m', /at least 200m/],
  'too large': [{ path: `${PROXY}/resources/limits/cpu`, type: 'quantity', max: 2 }, '2001m', /at most 2/],
  'not a quantity': [{ path: `${PROXY}/resources/limits/cpu`, type: 'quantity' }, '1 cpu', /quantity such as/],
  'beyond all quantities': [{ path: `${PROXY}/resources/limits/cpu`, type: 'quantity' }, '1e999', /quantity/],
  'a negative quantity': [{ path: `${PROXY}/resources/limits/cpu`, type: 'quantity' }, '-1', /not negative/],
  'a limit below the request': [
    { path: `${PROXY}/resources/limits/cpu`, type: 'quantity' },
    '50m',
    /request of cpu would be above its limit/,
  ],
  'no label value': [{ path: '/metadata/labels/a' }, 'a b', /label value/],
  'an argument that is not there': [{ path: `${PROXY}/args/2` }, 'x', /has no .*args\/2/],
  'a container that is not there': [{ path: '/containers/[name=other]/image' }, 'x', /the template has no/],
  'a probe that is not there': [
    { path: `${PROXY}/livenessProbe/periodSeconds`, type: 'integer' },
    '1',
    /the template has no/,
  ],
  'a variable from elsewhere': [{ path: `${PROXY}/env/[name=POD]/value` }, 'x', /the template has no/],
  'a path that no pod may set': [
    { path: `${PROXY}/securityContext/privileged`, type: 'boolean' },
    'true',
    /no pod may/,
  ],
};

for (const [what, [override, value, says]] of Object.entries(REFUSED)) {
  test(`refused with a warning, and the template's value stays: ${what}`, () => {
    const { pod: result, notes } = inject(asking({ [KEY]: value }), allowing(override));
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? '', says);
    assert.deepEqual(proxyOf(result, []), TEMPLATE.containers?.[0]);
    assert.deepEqual(at(result, ['spec', 'volumes']), TEMPLATE.volumes);
  });
}

test('limit and request can be raised together, in any order', () => {
  const limit = { annotation: 'l', path: `${PROXY}/resources/limits/cpu`, type: 'quantity' } as const;
  const request = { annotation: 'r', path: `${PROXY}/resources/requests/cpu`, type: 'quantity' } as const;
  for (const overrides of [
    [limit, request],
    [request, limit],
  ]) {
    const { pod: result, notes } = inject(asking({ r: '1', l: '2' }), allowing(...overrides));
    assert.deepEqual(notes, []);
    assert.deepEqual(proxyOf(result, ['resources']), { requests: { cpu: '1' }, limits: { cpu: '2' } });
  }
});

test('a limit below the request is refused for its own container only, with the annotations that ask for it', () => {
  const { containers = [] } = TEMPLATE;
  const by = allowing(
    { annotation: 'limit', path: `${PROXY}/resources/limits/cpu`, type: 'quantity' },
    { annotation: 'request', path: `${PROXY}/resources/requests/cpu`, type: 'quantity' },
    { annotation: 'other', path: '/containers/[name=other]/resources/limits/cpu', type: 'quantity' },
  );
  by.spec.template = { ...TEMPLATE, containers: [...containers, { name: 'other', image: 'o:1' }] };
  const { pod: result, notes } = inject(asking({ limit: '1', request: '2', other: '3' }), by);
  assert.deepEqual(notes, ['limit, request: the request of cpu would be above its limit: ignored']);
  assert.deepEqual(proxyOf(result, ['resources']), containers[0]?.resources);
  assert.deepEqual(at(result, ['spec', 'containers', 2, 'resources']), { limits: { cpu: '3' } });
});

test('a limit may be as low as the request', () => {
  const by = allowing({ path: `${PROXY}/resources/limits/cpu`, type: 'quantity' });
  assert.equal(proxyOf(inject(asking({ [KEY]: '0.1' }), by).pod, ['resources', 'limits', 'cpu']), '0.1');
});

test('an annotation that the injector writes itself asks for nothing: called again, it would be obeyed', () => {
  const image = { annotation: 'set-by.us/x', path: `${PROXY}/image` };
  const fixed = allowing(image);
  fixed.spec.template = { ...TEMPLATE, metadata: { annotations: { 'set-by.us/x': 'evil:1' } } };
  const copied = allowing({ path: '/metadata/annotations/set-by.us~1x' }, image);
  for (const by of [fixed, copied]) {
    const { pod: result, notes } = inject(asking({ [KEY]: 'evil:1', 'set-by.us/x': 'evil:1' }), by);
    assert.deepEqual([proxyOf(result, ['image']), notes], ['proxy:1', []]);
  }
});

test('an override that is not asked for costs nothing and changes nothing', () => {
  const template = templateOf(allowing());
  assert.deepEqual(tunedTemplate(template, allowing({}), asking({})), { template, notes: [] });
  assert.equal(tunedTemplate(template, allowing({}), asking({})).template, template);
  assert.deepEqual(inject(asking({}), allowing({})).operations, inject(asking({}), allowing()).operations);
});

test('what decides over the rights of a container is on no path', () => {
  for (const path of [
    `${PROXY}/securityContext/runAsUser`,
    `${PROXY}/name`,
    `${PROXY}/command/0`,
    `${PROXY}/volumeMounts/[name=x]/mountPath`,
    `${PROXY}/lifecycle/postStart`,
    `${PROXY}/image/../securityContext`,
    `${PROXY}/image\n/securityContext`,
    '/volumes/[name=x]/hostPath/path',
    '/volumes/[name=x]/configMap/name',
    '/serviceAccountName',
    '/imagePullSecrets/[name=x]/name',
    '/__proto__/polluted',
    'containers/[name=proxy]/image',
    '',
  ]) {
    assert.equal(fieldKindOf(path), undefined, path);
  }
});

test('D19 a newline in an annotation that is on the allow-list adds no container', () => {
  const value = 'info\n  - name: evil\n    image: evil:1';
  const { pod: result } = inject(asking({ [KEY]: value }), allowing({ path: `${PROXY}/env/[name=LEVEL]/value` }));
  assert.deepEqual(names(result, 'containers'), ['app', 'proxy']);
  assert.equal(proxyOf(result, ['env', 0, 'value']), value);
});
