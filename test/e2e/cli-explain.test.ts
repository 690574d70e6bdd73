/** explain on a cluster: every reason that a live object can have, each with what to do about it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import type { Explanation, InjectorExplanation } from '../../src/cli/explain/judge.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, get, remove } from '../../src/kube/verbs.ts';
import { cli, type CliResult } from '../support/cli.ts';
import { until } from '../support/until.ts';
import { applyReady, condition, injectorNamed, useOperator } from './support/fixture.ts';
import { applyAll, resourceFor } from './support/objects.ts';

const fixture = useOperator();
const NAMESPACE = 'ns-why';
const KEY = 'inject.sidecarinjector.dev/why';

const run = (...argv: string[]): Promise<CliResult> => cli([...argv, '--kubeconfig', fixture.environment.kubeconfig]);

/** What explain says of an object and one injector. */
const explained = async (injector: string, ...argv: string[]): Promise<InjectorExplanation> => {
  const { code, stdout, stderr } = await run('explain', ...argv, '-o', 'json');
  assert.equal(code, 0, stderr);
  const [first] = (JSON.parse(stdout) as { explanations: Explanation[] }).explanations;
  const found = first?.injectors.find((each) => each.injector === injector);
  assert.ok(found, stdout);
  return found;
};

interface Template {
  metadata?: object;
  spec?: object;
}

const deployment = (name: string, template: Template = {}, metadata: object = {}, namespace = NAMESPACE): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, ...metadata },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: {
          ...template.metadata,
          labels: { app: name, ...(template.metadata as { labels?: object })?.labels },
        },
        spec: { containers: [{ name: 'app', image: 'example.com/app:1' }], ...template.spec },
      },
    },
  }) as unknown as KubeObject;

const OPT_IN = { namespaceSelector: { matchLabels: { inject: 'why' } }, policy: 'OptIn' };
const asking = { annotations: { [KEY]: 'true' } };

describe('explain', () => {
  before(async () => {
    await applyReady(fixture.client, injectorNamed('why', { selection: OPT_IN }));
  });

  const CASES: Record<string, { object: KubeObject; advice?: RegExp; command?: RegExp }> = {
    injected: { object: deployment('asks', { metadata: asking }) },
    pod_not_asked: { object: deployment('silent'), command: /^kubectl patch deployment silent -n ns-why .*"true"/ },
    pod_not_need: { object: deployment('refuses', { metadata: { annotations: { [KEY]: 'off' } } }), advice: /"true"/ },
    host_network: {
      object: deployment('host', { metadata: asking, spec: { hostNetwork: true } }),
      advice: /allowHostNetwork/,
    },
    conflict_skipped: {
      object: deployment('taken', {
        metadata: asking,
        spec: { containers: [{ name: 'why-sidecar', image: 'example.com/other:1' }] },
      }),
      advice: /onConflict/,
    },
  };

  for (const [reason, { object, advice = /^/, command = /^/ }] of Object.entries(CASES)) {
    test(reason, async () => {
      await applyAll(fixture.client, [object]);
      const { name } = object.metadata;
      const found = await explained('why', `deploy/${name}`, '-n', NAMESPACE);
      assert.equal(found.reason, reason, JSON.stringify(found));
      assert.match(found.advice.map(({ text }) => text).join('\n'), advice);
      assert.match(found.advice.map((each) => each.command ?? '').join('\n'), command);
      assert.deepEqual(
        found.checks.map(({ check }) => check).slice(0, 10),
        [
          'webhook',
          'creation',
          'shape',
          'mode',
          'namespaceAllowed',
          'namespaceSelector',
          'objectSelector',
          'mirrorPod',
          'hostNetwork',
          'annotation',
        ],
        'all checks, whichever decides',
      );
    });
  }

  test('an annotation that is misspelt, and one on the Deployment itself', async () => {
    const misspelt = deployment('misspelt', { metadata: { annotations: { [`${KEY}s`]: 'true' } } });
    const misplaced = deployment('misplaced', {}, { annotations: { [KEY]: 'true' } });
    await applyAll(fixture.client, [misspelt, misplaced]);
    const one = await run('explain', 'deploy', 'misspelt', '-n', NAMESPACE);
    assert.match(one.stdout, new RegExp(`annotation ${KEY}s is misspelt: ${KEY} is the one`));
    const other = await run('explain', 'deploy', 'misplaced', '-n', NAMESPACE);
    assert.match(other.stdout, new RegExp(`annotation ${KEY} is on the Deployment itself`));
  });

  test('a namespace whose label nearly matches, and the command that mends it', async () => {
    const labels = { inject: 'wy' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns-near', labels } };
    await applyAll(fixture.client, [namespace, deployment('web', { metadata: asking }, {}, 'ns-near')]);
    const found = await explained('why', 'deploy/web', '-n', 'ns-near');
    assert.equal(found.reason, 'namespace_not_selected');
    assert.deepEqual(
      found.advice.map(({ command }) => command),
      ['kubectl label namespace ns-near --overwrite inject=why'],
    );
  });

  test('pods of a file, by the injectors of the cluster', async () => {
    const reasonOf = async (namespace: string, annotations: object): Promise<string> => {
      const file = path.join(fixture.environment.directory, 'pod.json');
      const metadata = { name: 'p', namespace, annotations: { [KEY]: 'true', ...annotations } };
      const spec = { containers: [{ name: 'app', image: 'a' }] };
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
      return (await explained('why', '-f', file)).reason;
    };
    assert.equal(await reasonOf(NAMESPACE, {}), 'injected');
    assert.equal(await reasonOf('kube-system', {}), 'namespace_excluded');
    assert.equal(await reasonOf(NAMESPACE, { 'kubernetes.io/config.mirror': 'x' }), 'mirror_pod');
    assert.equal(await reasonOf('nowhere', {}), 'namespace_unknown');
  });

  test('other modes, an objectSelector and a policy of refusal', async () => {
    const { client } = fixture;
    const selection = { ...OPT_IN, policy: 'OptOut', objectSelector: { matchLabels: { tier: 'web' } } };
    const template = { containers: [{ name: 'app', image: 'example.com/other:1' }] };
    await applyReady(
      client,
      injectorNamed('why-audit', { mode: 'Audit', selection: { ...OPT_IN, policy: 'OptOut' } }),
      'ns-other',
    );
    await applyAll(client, [
      injectorNamed('why-paused', { mode: 'Paused', selection: OPT_IN }),
      injectorNamed('why-object', { selection }),
      injectorNamed('why-strict', { selection: OPT_IN, template, injection: { onConflict: 'Reject' } }),
    ]);
    for (const name of ['why-object', 'why-strict']) await condition(client, name, 'Ready', 'True');
    await applyAll(client, [
      deployment('asks', { metadata: { annotations: { 'inject.sidecarinjector.dev/why-strict': 'yes' } } }),
    ]);
    const reasons: Record<string, string> = {};
    for (const name of ['why-audit', 'why-paused', 'why-object', 'why-strict']) {
      const { action, reason } = await explained(name, 'deployments.apps', 'asks', '-n', NAMESPACE);
      reasons[name] = `${action} ${reason}`;
    }
    assert.deepEqual(reasons, {
      'why-audit': 'Skip would_inject',
      'why-paused': 'Skip paused',
      'why-object': 'Skip object_not_selected',
      'why-strict': 'Reject conflict_rejected',
    });
    for (const name of Object.keys(reasons)) await remove(client, RESOURCES.sidecarInjectors, { name });
    await until('the configurations are gone', async () => {
      const rest = await Promise.all(
        Object.keys(reasons).map((name) =>
          get(client, RESOURCES.mutatingWebhookConfigurations, { name: `sidecar-injector-${name}` }),
        ),
      );
      return rest.every((found) => found === undefined);
    });
  });

  test('a pod that runs: with the sidecar, with an old one, without', async () => {
    const { client } = fixture;
    const pod = (name: string, annotations: object, labels: object = {}): KubeObject =>
      ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: NAMESPACE, annotations, labels },
        spec: { containers: [{ name: 'app', image: 'example.com/app:1' }], terminationGracePeriodSeconds: 0 },
      }) as unknown as KubeObject;
    const pods = await resourceFor(client, 'v1', 'Pod');
    // Without its default service account a namespace takes no pods yet.
    await until('a pod can be made', () => create(client, pods, pod('with', { [KEY]: 'true' })), { timeoutMs: 20_000 });
    await create(client, pods, pod('without', {}));
    await create(client, pods, pod('old', {}, { 'injected.sidecarinjector.dev/why': '000000000000' }));
    const states = await Promise.all(
      ['with', 'without', 'old'].map(
        async (name) => (await explained('why', 'pod', name, '-n', NAMESPACE)).found?.state,
      ),
    );
    assert.deepEqual(states, ['injected', 'without', 'outdated']);
    assert.equal((await explained('why', 'po/with', '-n', NAMESPACE)).reason, 'already_injected');
    const { stdout } = await run('explain', 'po/old', '-n', NAMESPACE);
    assert.match(stdout, /this pod has revision 000000000000; [0-9a-f]{12} is in force/);
    assert.match(stdout, /let one take the place of this/);
  });

  test('a webhook configuration that is not there, or was changed by hand', async () => {
    const { client } = fixture;
    const argv = ['deploy/asks', '-n', NAMESPACE];
    await applyAll(client, [
      deployment('asks', { metadata: asking }),
      injectorNamed('why', { mode: 'Paused', selection: OPT_IN }),
    ]);
    await condition(client, 'why', 'Ready', 'False');
    await remove(client, RESOURCES.mutatingWebhookConfigurations, { name: 'sidecar-injector-why' });
    const { checks } = await explained('why', ...argv);
    assert.deepEqual(checks[0], {
      check: 'webhook',
      passed: false,
      detail: 'MutatingWebhookConfiguration sidecar-injector-why does not exist',
    });
    await applyAll(client, [injectorNamed('why', { selection: OPT_IN })]);
    await condition(client, 'why', 'Ready', 'True');
    assert.equal((await explained('why', ...argv)).reason, 'injected');
  });

  test('all of a kind, a line for each', async () => {
    const { code, stdout } = await run('explain', 'deploy', '-A');
    assert.equal(code, 0);
    assert.match(stdout, /^OBJECT +INJECTOR +NOW +NEXT POD +REASON +MESSAGE$/m);
    assert.match(stdout, /^Deployment ns-why\/asks +why +- +injected +injected /m);
    assert.match(stdout, /^Deployment ns-near\/web +why +- +not injected +namespace_not_selected /m);
    assert.match(
      (await run('explain', 'pods', '-n', NAMESPACE)).stdout,
      /^Pod ns-why\/old +why +outdated +not injected +pod_not_asked /m,
    );
    assert.equal((await run('explain', 'deploy/web', '-A')).code, 2);
  });

  test('what is not there, and what is no workload', async () => {
    const missing = await run('explain', 'pod', 'nobody', '-n', NAMESPACE);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /^SI6007: There is no Pod ns-why\/nobody/);
    const wrong = await run('explain', 'deploymnt/web');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /"deploymnt" is no kind that makes pods, did you mean deployment\?/);
  });
});
