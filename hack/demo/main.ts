/**
 * `make demo`: one apply, and a pod comes out of an API server with a sidecar in it, over TLS, with a certificate that
 * the operator asked for, approved and stored by itself. Every line with a tick is an answer of the API server or a
 * line of the operator's log; the first that is not as told ends the demo with an error.
 */

import { once } from 'node:events';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { startChild, stopChildren, type Child } from '../../test/e2e/support/child.ts';
import { openEnvironment, type Environment } from '../../test/e2e/support/environment.ts';
import { install } from '../../test/e2e/support/installation.ts';
import { loadManifests } from '../../test/e2e/support/manifests.ts';
import { createAsKubectlApply } from '../../test/e2e/support/objects.ts';
import { startOperator } from '../../test/e2e/support/operator.ts';
import { until } from '../../test/support/until.ts';
import { tellCertificate } from './certificate-story.ts';
import { tellPods } from './pod-story.ts';
import { recordRequests } from './request-recorder.ts';
import { Story } from './story.ts';

const SAMPLE = 'config/samples/nginx.yaml';
const BUNDLE = 'dist/sidecar-injector.js';

const built = async (build: Child): Promise<void> => {
  await until('the bundle is built', () => !build.running, { timeoutMs: 60_000 });
  if (build.process.exitCode !== 0) throw new Error(build.lines.join('\n'));
};

/** Applies the sample and tells what the operator made of it. */
const tellInjector = async (story: Story, { client }: Environment): Promise<void> => {
  story.command(`kubectl apply -f ${SAMPLE}`);
  const applied = performance.now();
  await createAsKubectlApply(client, loadManifests(SAMPLE));
  const ready = await until('the SidecarInjector is Ready', async () => {
    const injector = await get<SidecarInjector>(client, RESOURCES.sidecarInjectors, { name: 'nginx' });
    const isReady = injector?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    return isReady === true ? injector : undefined;
  });
  const took = Math.round(performance.now() - applied);
  story.check(took < 5_000, `SidecarInjector nginx is Ready after ${took} ms`);
  for (const { type, status, message } of ready.status?.conditions ?? []) {
    story.check(status === 'True', `${type}: ${message}`, status);
  }
};

/** Tells the whole story. */
const tell = async (environment: Environment, story: Story, build: Child): Promise<void> => {
  const { client } = environment;
  const { gitVersion } = await client.request<{ gitVersion: string }>({ path: '/version' });
  story.check(gitVersion.startsWith('v1.'), `an API server answers at ${client.server}, as Kubernetes ${gitVersion}`);

  story.step('The operator is installed and starts');
  story.command('kubectl apply --server-side -k config/default');
  await install(environment);
  await built(build);
  const watching = new AbortController();
  const requests = await recordRequests(client, watching.signal);
  const operator = await startOperator(environment, { program: BUNDLE });
  const started = Math.round(operator.startedInMs);
  story.check(operator.running, `the operator runs as process ${operator.process.pid}, ready after ${started} ms`);

  story.step('One apply');
  await tellInjector(story, environment);

  story.step('The certificate, asked for, approved and stored by the operator');
  await tellCertificate(story, client, requests);
  watching.abort();

  story.step('Two pods: one wants the sidecar, one does not');
  await tellPods(story, client, operator);
  story.end();
};

const keepRunning = async ({ kubeconfig }: Environment): Promise<void> => {
  console.log(`\nThe cluster and the operator go on until Ctrl-C. In another shell:\n`);
  console.log(`  export KUBECONFIG=${kubeconfig}`);
  console.log('  kubectl get sci; kubectl describe sci nginx; kubectl delete sci nginx\n');
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
};

const story = new Story();
story.step('A cluster, in memory');
const build = startChild(['hack/build.ts']);
// Never the cluster of KUBECONFIG: the demo makes its own.
const environment = await openEnvironment({ external: null, nodes: true });
try {
  await tell(environment, story, build);
  if ((process.env['KEEP'] ?? '') !== '') await keepRunning(environment);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await stopChildren();
  await environment.close();
}
