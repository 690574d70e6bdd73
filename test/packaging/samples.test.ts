/** Every sample is applied as it stands, and a pod that does what its comment says gets the sidecar. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import type { Pod } from '../../src/kube/objects.ts';
import {
  condition,
  containersOf,
  createPod,
  deleteInjector,
  initContainersOf,
  useOperator,
} from '../e2e/support/fixture.ts';
import { loadManifests, REPOSITORY } from '../e2e/support/manifests.ts';
import { applyAll, deleteAll } from '../e2e/support/objects.ts';

const fixture = useOperator();

interface Sample {
  /** Of the namespace that the sample makes. */
  namespace: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  /** Names, in order. */
  containers: string[];
  initContainers?: string[];
  /** What else must be true of the pod. */
  check?: (pod: Pod) => void;
  /** A pod that stays as it is. */
  untouched: { annotations?: Record<string, string>; labels?: Record<string, string> };
}

const ask = (injector: string, answer = 'true'): Record<string, string> => ({
  [`inject.sidecarinjector.dev/${injector}`]: answer,
});
const job = { 'batch.kubernetes.io/job-name': 'one' };
const appOf = (pod: Pod): { env?: { name: string }[]; volumeMounts?: { name: string }[] } =>
  pod.spec?.containers?.find(({ name }) => name === 'app') ?? {};

const SAMPLES: Record<string, Sample> = {
  nginx: {
    namespace: 'nginx-injection',
    annotations: { 'sidecar-injector-webhook.nginx.sidecar/need_inject': 'true' },
    containers: ['app', 'sidecar-nginx'],
    untouched: {},
  },
  'log-shipper': {
    namespace: 'log-shipping',
    annotations: ask('log-shipper'),
    containers: ['app'],
    initContainers: ['log-shipper'],
    check(pod) {
      assert.equal(pod.spec?.initContainers?.[0]?.['restartPolicy'], 'Always');
      assert.ok(appOf(pod).env?.some(({ name }) => name === 'LOG_DIRECTORY'));
      assert.ok(appOf(pod).volumeMounts?.some(({ name }) => name === 'app-logs'));
    },
    untouched: {},
  },
  proxy: {
    namespace: 'proxy-injection',
    annotations: { ...ask('proxy'), 'proxy.example.com/memory': '256Mi' },
    containers: ['proxy', 'app'],
    check(pod) {
      const [proxy] = pod.spec?.containers ?? [];
      const resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } };
      assert.deepEqual({ ...proxy, resources }, proxy);
      assert.equal(pod.metadata.labels?.['example.com/proxied'], 'true');
    },
    untouched: { annotations: { 'proxy.example.com/memory': '256Mi' } },
  },
  'debug-tools': {
    namespace: 'staging',
    containers: ['app', 'debug-tools'],
    untouched: { labels: job },
  },
  'secrets-agent': {
    namespace: 'with-secrets',
    annotations: ask('secrets-agent'),
    containers: ['app'],
    initContainers: ['secrets-agent'],
    check: (pod) => assert.ok(appOf(pod).volumeMounts?.some(({ name }) => name === 'app-secrets')),
    untouched: {},
  },
  'metrics-exporter': {
    namespace: 'batch-jobs',
    annotations: ask('metrics-exporter'),
    labels: job,
    containers: ['app'],
    initContainers: ['metrics-exporter'],
    check: (pod) => assert.equal(pod.spec?.initContainers?.[0]?.['restartPolicy'], 'Always'),
    untouched: { labels: job, annotations: ask('metrics-exporter', 'false') },
  },
};

test('each file is tried', () => {
  const files = globSync('config/samples/*.yaml', { cwd: REPOSITORY }).map((file) => file.replace(/.*\/|\.yaml$/g, ''));
  assert.deepEqual(files.toSorted(), Object.keys(SAMPLES).toSorted());
});

for (const [name, { namespace, check, containers, initContainers = [], untouched, ...pod }] of Object.entries(
  SAMPLES,
)) {
  test(`config/samples/${name}.yaml`, async () => {
    const { client } = fixture;
    const manifests = loadManifests(`config/samples/${name}.yaml`);
    await applyAll(client, manifests);
    await condition(client, name, 'Ready', 'True');
    const injected = await createPod(client, namespace, pod);
    assert.deepEqual([initContainersOf(injected), containersOf(injected)], [initContainers, containers]);
    check?.(injected);
    const left = await createPod(client, namespace, untouched);
    assert.deepEqual([initContainersOf(left), containersOf(left)], [[], ['app']]);
    await deleteInjector(client, name);
    await deleteAll(client, manifests);
  });
}
