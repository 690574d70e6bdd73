import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misshapen } from './shape.ts';

const containers = [{ name: 'app' }];

const WELL: unknown[] = [
  { spec: { containers: [] } },
  { metadata: null, spec: { containers, initContainers: null, volumes: null, hostAliases: null } },
  { metadata: { labels: null, annotations: {} }, spec: { containers } },
  { metadata: { labels: { a: 'b' } }, spec: { containers: [{ env: null, ports: [{}], volumeMounts: [] }] } },
  { spec: { containers, hostAliases: [{ ip: '10.0.0.1' }, { hostnames: null }, { hostnames: ['a'] }] } },
];

const ILL: Record<string, unknown[]> = {
  '(root)': [undefined, null, 'pod', [], 1],
  metadata: [
    { metadata: 'm', spec: { containers } },
    { metadata: [], spec: { containers } },
  ],
  'metadata.labels': [{ metadata: { labels: [] }, spec: { containers } }],
  'metadata.annotations': [{ metadata: { annotations: 'a' }, spec: { containers } }],
  spec: [{}, { spec: null }, { spec: [] }],
  'spec.containers': [{ spec: {} }, { spec: { containers: null } }, { spec: { containers: {} } }],
  'spec.hostAliases[1].hostnames': [{ spec: { containers, hostAliases: [{}, { hostnames: 'a' }] } }],
};
for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
  const where = `spec.${list}`;
  const holding = (value: unknown): unknown => ({ spec: { containers, [list]: value } });
  ILL[where] = [...(ILL[where] ?? []), holding('x'), holding({}), holding(['x']), holding([null])];
  for (const field of ['env', 'envFrom', 'ports', 'volumeMounts']) {
    ILL[`${where}[1].${field}`] = ['x', {}, ['x']].map((value) => holding([{ name: 'a' }, { [field]: value }]));
  }
}
for (const list of ['volumes', 'imagePullSecrets', 'hostAliases']) {
  ILL[`spec.${list}`] = ['x', {}, [[]]].map((value) => ({ spec: { containers, [list]: value } }));
}

test('a pod may leave out whatever a Pod may leave out, or say null', () => {
  for (const pod of WELL) assert.equal(misshapen(pod), undefined, JSON.stringify(pod));
});

for (const [path, pods] of Object.entries(ILL)) {
  test(`what is no Pod is told by the path of its first odd field: ${path}`, () => {
    for (const pod of pods) assert.equal(misshapen(pod), path, JSON.stringify(pod));
  });
}
