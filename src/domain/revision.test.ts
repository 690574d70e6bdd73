import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';
import { injectedRevision, templateRevision } from './revision.ts';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

test('the order of keys and empty lists do not count', () => {
  const plain = injector();
  assert.equal(templateRevision(reversed(plain) as SidecarInjector), templateRevision(plain));
  const spelt = injector({ template: { ...plain.spec.template, initContainers: [], metadata: {} } });
  assert.equal(templateRevision(spelt), templateRevision(plain));
});

test('D15 everything that ends up in a pod counts', () => {
  const { template } = injector().spec;
  const changes: Partial<SidecarInjector['spec']>[] = [
    { template: { ...template, volumes: [{ name: 'nginx-conf', configMap: { name: 'other' } }] } },
    { template: { ...template, initContainers: [{ name: 'setup' }] } },
    { template: { ...template, metadata: { labels: { a: 'b' } } } },
    { template: { ...template, imagePullSecrets: [{ name: 'a' }] } },
    { template: { ...template, hostAliases: [{ ip: '10.0.0.1' }] } },
    { template: { ...template, appContainers: { env: [{ name: 'A' }] } } },
    { injection: { sidecarMode: 'Native' } },
    { injection: { position: 'First' } },
  ];
  const revisions = changes.map((change) => templateRevision(injector(change)));
  assert.equal(new Set([...revisions, templateRevision(injector())]).size, changes.length + 1);
});

test('an injected pod tells its revision, others none', () => {
  assert.equal(injectedRevision(inject(pod(), injector()).pod, injector()), templateRevision(injector()));
  assert.equal(injectedRevision(pod(), injector()), undefined);
});

test('a template is read once, not for every pod', () => {
  let reads = 0;
  const { template, ...spec } = injector().spec;
  const counted = {
    ...injector(),
    spec: {
      ...spec,
      get template() {
        reads += 1;
        return template;
      },
    },
  };
  const first = templateRevision(counted);
  const before = reads;
  assert.equal(templateRevision(counted), first);
  assert.equal(reads, before);
});
