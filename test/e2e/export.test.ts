/** An exported policy and the rendered manifest give the same pods on a real API server: the in-memory one runs no policies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject, Pod } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create } from '../../src/kube/verbs.ts';
import { cli } from '../support/cli.ts';
import { type Environment, openEnvironment } from './support/environment.ts';
import { applyAll, deleteAll } from './support/objects.ts';
import { until } from '../support/until.ts';

const skip =
  process.env['KUBECONFIG'] === undefined && 'needs KUBECONFIG: a cluster that runs MutatingAdmissionPolicies';
const data = (file: string): string => new URL(`../testdata/cli/${file}`, import.meta.url).pathname;
const SELECTED = 'sidecar-export-selected';
const PLAIN = 'sidecar-export-plain';

const documents = (text: string): KubeObject[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
const namespace = (name: string, labels = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const dryRun = (client: KubeClient, pod: KubeObject, into: string): Promise<Pod> =>
  create(client, RESOURCES.pods, { ...pod, metadata: { ...pod.metadata, namespace: into } }, { dryRun: true });

/** What the pods must have in common. */
const essence = ({ metadata, spec }: Pod): unknown => ({
  labels: metadata.labels,
  annotations: metadata.annotations,
  spec,
});

const environment = {} as Environment;
/** Why nothing can be tested on this cluster. */
let unfit: string | undefined;
const created: KubeObject[] = [namespace(SELECTED, { 'sidecar-export': 'full' }), namespace(PLAIN)];

before(async () => {
  if (skip !== false) return;
  Object.assign(environment, await openEnvironment());
  const { major, minor } = await environment.client.request<{ major: string; minor: string }>({ path: '/version' });
  if (Number(major) === 1 && Number.parseInt(minor, 10) < 36)
    unfit = `Kubernetes ${major}.${minor} has no such policies`;
  if (unfit !== undefined) return;
  const { stdout } = await cli(['export', '--as', 'mutatingadmissionpolicy', '-f', data('full-injector.yaml')]);
  created.push(...documents(stdout));
  await applyAll(environment.client, created);
  const [bare] = documents(readFileSync(data('pods.yaml'), 'utf8'));
  await until('the policy is in force', async () => {
    const pod = await dryRun(environment.client, bare ?? namespace(''), SELECTED);
    return pod.metadata.labels?.['added'] === 'yes';
  });
});

after(async () => {
  if (skip !== false) return;
  if (unfit === undefined) await deleteAll(environment.client, created);
  await environment.close();
});

test('a pod that the policy changed is the pod that inject renders', { skip }, async (t) => {
  if (unfit !== undefined) return t.skip(unfit);
  const { client } = environment;
  const labels =
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: sidecar-export-selected, labels: {sidecar-export: full}}\n';
  const argv = ['-f', data('pods.yaml'), '-f', data('full-injector.yaml'), '-f', '-', '-n', SELECTED];
  const { stdout, stderr } = await cli(['inject', ...argv], labels);
  const originals = documents(readFileSync(data('pods.yaml'), 'utf8'));
  const rendered = documents(stdout).filter(({ kind }) => kind === 'Pod');
  assert.equal(rendered.length, originals.length);
  let injected = 0;
  for (const [index, original] of originals.entries()) {
    const byPolicy = await dryRun(client, original, SELECTED);
    const byHand = await dryRun(client, rendered[index] ?? original, PLAIN);
    assert.deepEqual(essence(byPolicy), essence(byHand), original.metadata.name);
    if (byPolicy.metadata.labels?.['injected.sidecarinjector.dev/full'] !== undefined) injected += 1;
    else assert.match(stderr, new RegExp(`name:${original.metadata.name}\\]`));
  }
  assert.ok(injected >= 5 && injected < originals.length, `${injected} pods were injected`);
});

test('a pod that has it all gets nothing twice', { skip }, async (t) => {
  if (unfit !== undefined) return t.skip(unfit);
  const { client } = environment;
  for (const original of documents(readFileSync(data('pods.yaml'), 'utf8'))) {
    const once = await dryRun(client, original, SELECTED);
    const twice = await dryRun(
      client,
      { ...original, metadata: { ...once.metadata }, spec: once.spec } as Pod,
      SELECTED,
    );
    assert.deepEqual(essence(twice), essence(once), original.metadata.name);
  }
});
