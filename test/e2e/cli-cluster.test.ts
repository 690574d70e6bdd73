/** status, rotate, version and completion on a healthy set-up, and as a plugin of kubectl. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { InjectorSummary } from '../../src/cli/status/model.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { remove } from '../../src/kube/verbs.ts';
import { cli, type CliResult } from '../support/cli.ts';
import { until } from '../support/until.ts';
import {
  applyReady,
  condition,
  createPod,
  containersOf,
  injectorNamed,
  injectorStatus,
  useOperator,
} from './support/fixture.ts';
import { kubectlOf, kubectlRunsHere } from './support/kubectl.ts';
import { REPOSITORY } from './support/manifests.ts';
import { applyAll } from './support/objects.ts';

const fixture = useOperator();

const run = (...argv: string[]): Promise<CliResult> => cli([...argv, '--kubeconfig', fixture.environment.kubeconfig]);
const succeeds = async (...argv: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...argv);
  assert.equal(code, 0, stderr);
  return stdout;
};
const summary = async (name: string): Promise<InjectorSummary> => {
  const { injectors } = JSON.parse(await succeeds('status', name, '-o', 'json')) as { injectors: InjectorSummary[] };
  assert.equal(injectors.length, 1);
  return injectors[0] as InjectorSummary;
};

describe('status', () => {
  test('of a cluster without injectors, and of one that is not there', async () => {
    const none = await run('status');
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No SidecarInjectors found\n']);
    const missing = await run('status', 'nobody');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^SI6007: There is no SidecarInjector nobody/);
  });

  test('of a ready injector: its line, its conditions, its replicas', async () => {
    await applyReady(fixture.client, injectorNamed('cli'));
    await until('the replica has reported', async () => (await summary('cli')).replicas?.[0]?.serves === true);
    const [header = '', line = '', ...rest] = (await succeeds('status', 'cli')).split('\n');
    assert.match(header, /^NAME +READY +SIGNER +EXPIRES IN +ROLLOVER +MATCHED .* REPLICAS +MESSAGE$/);
    assert.match(line, /^cli +True +sidecarinjector\.dev\/webhook-serving +(89|90)d +Stable .* 1\/1$/);
    assert.match(rest.join('\n'), /^CONDITION .*\nReady +True +Ready +\w+ +pods of selected/m);
    assert.match(
      await succeeds('status', '-o', 'wide'),
      /MODE +REVISION +RENEWS IN +MESSAGE\ncli .* Enforce +[0-9a-f]{12} /,
    );
    assert.deepEqual(parse(await succeeds('status', '-o', 'yaml')), JSON.parse(await succeeds('status', '-o', 'json')));
    assert.deepEqual((await summary('cli')).problems, []);
  });

  test('of an injector that selects nothing says so', async () => {
    const selection = { namespaceSelector: { matchLabels: { inject: 'nobody' } } };
    await applyAll(fixture.client, [injectorNamed('lonely', { selection })]);
    await condition(fixture.client, 'lonely', 'Ready', 'True');
    assert.match(await succeeds('status', 'lonely'), /^lonely .* SelectorMatches: no namespace matches/m);
    await remove(fixture.client, RESOURCES.sidecarInjectors, { name: 'lonely' });
  });
});

describe('rotate', () => {
  const serial = async (): Promise<string | undefined> =>
    (await injectorStatus(fixture.client, 'cli')).status?.certificate?.serialNumber;

  test('waits for a new certificate, and pods go on being injected', async () => {
    const before = await serial();
    const stdout = await succeeds('rotate', 'cli', '--wait', '--timeout=60s');
    assert.match(stdout, /\/cli rotation asked for\n.*\/cli rotated, valid until 2/);
    assert.notEqual(await serial(), before);
    assert.deepEqual(containersOf(await createPod(fixture.client, 'ns-cli')), ['app', 'cli-sidecar']);
  });

  test('of the authority leaves nothing of the old trust', async () => {
    const { status: before } = await injectorStatus(fixture.client, 'cli');
    const { code, stderr } = await run('rotate', 'cli', '--ca', '--wait', '--timeout=90s');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^cli: (Widening|Settling|Canary|Draining|Narrowing)$/m, 'it tells how far it is');
    const { status: after } = await injectorStatus(fixture.client, 'cli');
    const old = new Set(before?.certificate?.trustedCAs);
    assert.equal(after?.certificate?.trustedCAs?.length, 1);
    assert.ok(!after?.certificate?.trustedCAs?.some((fingerprint) => old.has(fingerprint)));
    assert.deepEqual(containersOf(await createPod(fixture.client, 'ns-cli')), ['app', 'cli-sidecar']);
  });

  test('of nothing, and of what is paused', async () => {
    assert.equal((await run('rotate', 'nobody')).code, 1);
    assert.equal((await run('rotate')).code, 2);
    await applyAll(fixture.client, [injectorNamed('still', { mode: 'Paused' })]);
    const paused = await run('rotate', 'still', '--wait');
    assert.deepEqual([paused.code, paused.stdout], [4, '']);
    assert.match(paused.stderr, /still is paused/);
    await remove(fixture.client, RESOURCES.sidecarInjectors, { name: 'still' });
  });
});

describe('version', () => {
  test('tells all three, or why one is not known', async () => {
    const { code, stdout } = await run('version');
    assert.equal(code, 0);
    assert.match(stdout, /^Client Version: \d+\.\d+\.\d+\nOperator: .+\nKubernetes Version: v1\.\d+\./);
    const unreachable = path.join(fixture.environment.directory, 'unreachable');
    const server = 'https://127.0.0.1:1';
    const context = { cluster: 'x', user: 'x' };
    writeFileSync(
      unreachable,
      JSON.stringify({
        clusters: [{ name: 'x', cluster: { server } }],
        users: [{ name: 'x', user: {} }],
        contexts: [{ name: 'x', context }],
        'current-context': 'x',
      }),
    );
    const alone = await cli(['version', '--kubeconfig', unreachable, '--request-timeout=1s']);
    assert.equal(alone.code, 0);
    assert.match(
      alone.stdout,
      /^Client Version: .*\nOperator: unknown: .*\nKubernetes Version: unknown: .*cannot be reached/,
    );
  });
});

describe('__complete', () => {
  const offered = async (...words: string[]): Promise<string[]> => {
    const { stdout } = await cli(['__complete', ...words]);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines.pop() ?? '', /^:[04]$/);
    return lines.map((line) => line.split('\t')[0] ?? '');
  };

  test('offers names, namespaces and contexts of the cluster', async () => {
    const where = ['--kubeconfig', fixture.environment.kubeconfig];
    assert.deepEqual(await offered('status', ...where, 'c'), ['cli']);
    assert.deepEqual(await offered('rotate', ...where, 'cli', ''), []);
    assert.deepEqual(await offered('explain', ...where, '-n', 'ns-c'), ['ns-cli']);
    assert.deepEqual(await offered('explain', ...where, '--operator-namespace=sidecar-injector-s'), [
      '--operator-namespace=sidecar-injector-system',
    ]);
    assert.equal((await offered('status', ...where, '--context', '')).length, 1);
    assert.deepEqual(await offered('status', '--kubeconfig', '/nowhere', 'c'), [], 'silent without a cluster');
  });
});

describe('a plugin of kubectl', { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' }, () => {
  test('is found, shows the cluster of kubectl, and is completed', async () => {
    const folder = path.join(fixture.environment.directory, 'bin');
    mkdirSync(folder);
    // As the bundle is installed: one program, and links to it under the names that kubectl looks for.
    for (const name of ['kubectl-sidecar_injector', 'kubectl_complete-sidecar_injector']) {
      const file = path.join(folder, name);
      symlinkSync(path.join(REPOSITORY, 'src/main.ts'), `${file}.ts`);
      writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${file}.ts' "$@"\n`, { mode: 0o755 });
    }
    const before = process.env['PATH'] ?? '';
    process.env['PATH'] = `${folder}:${before}`;
    try {
      const kubectl = kubectlOf(35, fixture.environment.kubeconfig, fixture.environment.directory);
      assert.match((await kubectl('plugin', 'list')).stdout, /kubectl-sidecar_injector/);
      const status = await kubectl('sidecar-injector', 'status');
      assert.match(status.stdout, /^NAME .*\ncli +True/, status.stderr);
      const help = await kubectl('sidecar-injector', 'rotate', '--help');
      assert.match(help.stdout, /^Usage: kubectl sidecar-injector rotate NAME/);
      const completed = await kubectl('__complete', 'sidecar-injector', 'status', 'c');
      assert.match(completed.stdout, /^cli\n:4\n/, completed.stderr);
    } finally {
      process.env['PATH'] = before;
    }
  });
});
