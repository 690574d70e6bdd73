/**
 * The image, as its Dockerfile says: what it weighs, and that it serves as UID 65532 on a read-only root, with what a pod of
 * config/manager has: a token in a volume, and no kubeconfig.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseDockerfile } from '../../hack/image/dockerfile.ts';
import { buildFolder, buildImage, sizeOf, type Image } from '../../hack/image/rootfs.ts';
import { containerCommand } from '../../hack/image/run.ts';
import { stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { install, operatorKubeconfig, OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { runBinary } from '../e2e/support/layer.ts';
import { loadManifests, REPOSITORY } from '../e2e/support/manifests.ts';
import { freePort } from '../e2e/support/operator.ts';
import { until } from '../support/until.ts';

const TOKEN_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

test('a Dockerfile with an instruction that hack/image does not know is refused', () => {
  assert.throws(() => parseDockerfile('FROM a\nHEALTHCHECK x'), /HEALTHCHECK/);
  assert.deepEqual(parseDockerfile('FROM a AS b\nRUN x \\\n  y')[0]?.instructions[0]?.args, ['x', 'y']);
});

const unable =
  process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/unshare')
    ? 'a root file system is entered by root on Linux, with unshare'
    : false;

describe('the image', { skip: unable }, () => {
  let environment: Environment;
  let folder: string;
  let image: Image;
  before(async () => {
    folder = buildFolder();
    image = buildImage({ context: REPOSITORY, folder });
    environment = await openEnvironment({ external: null });
    await install(environment);
  });
  after(async () => {
    await environment.close();
    await stopChildren();
    rmSync(folder, { recursive: true });
  });

  test('beside Node there is one bundled file and its map, far below 60 MB, and no shell', (t) => {
    const { bytes, compressed } = sizeOf(path.join(image.root, 'app'));
    t.diagnostic(`the operator: ${bytes} bytes, compressed ${compressed}`);
    assert.ok(compressed < 10e6);
    for (const shell of ['bin/sh', 'bin/bash', 'usr/bin/npm']) assert.ok(!existsSync(path.join(image.root, shell)));
  });

  const inside = (script: string): ReturnType<typeof runBinary> => {
    const [program = '', ...argv] = containerCommand(
      { ...image, entrypoint: image.entrypoint.slice(0, 1) },
      { args: ['-e', script] },
    );
    return runBinary(program, argv);
  };

  test('its user is 65532, who cannot write anywhere', async () => {
    const who = await inside('console.log(process.getuid(), process.getgid(), process.getgroups().join())');
    assert.equal(who.stdout.trim(), '65532 65532 65532', who.stderr);
    for (const file of ['/app/x', '/tmp/x', '/x']) {
      const written = await inside(`require('node:fs').writeFileSync('${file}', '')`);
      assert.match(written.stderr, /EROFS/, file);
    }
  });

  test('it serves /healthz and becomes ready, with the arguments and variables of the Deployment', async (t) => {
    const kubeconfig = await operatorKubeconfig(environment);
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
      users: { user: { token: string } }[];
    };
    const cluster = clusters[0]?.cluster;
    assert.ok(cluster && users[0]);
    const volume = path.join(folder, 'token');
    mkdirSync(volume);
    writeFileSync(path.join(volume, 'token'), users[0].user.token);
    writeFileSync(path.join(volume, 'ca.crt'), Buffer.from(cluster['certificate-authority-data'], 'base64'));
    writeFileSync(path.join(volume, 'namespace'), OPERATOR_NAMESPACE);

    const deployment = loadManifests('config/manager').find(({ kind }) => kind === 'Deployment') as unknown as {
      spec: { template: { spec: { containers: { args: string[]; env: { name: string; value?: string }[] }[] } } };
    };
    const [container] = deployment.spec.template.spec.containers;
    assert.ok(container);
    const values = container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
    const [webhook, health] = [await freePort(), await freePort()];
    const server = new URL(cluster.server);
    const [program = '', ...argv] = containerCommand(image, {
      args: [
        ...container.args,
        '--webhook-host=127.0.0.1',
        `--webhook-port=${webhook}`,
        `--health-port=${health}`,
        '--drain-seconds=0',
      ],
      mounts: { [TOKEN_FOLDER]: volume },
    });
    const child = spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(values),
        PATH: process.env['PATH'],
        POD_NAMESPACE: OPERATOR_NAMESPACE,
        POD_NAME: 'image-0',
        KUBERNETES_SERVICE_HOST: server.hostname,
        KUBERNETES_SERVICE_PORT: server.port,
      },
    });
    const ended = once(child, 'exit');
    t.after(() => child.kill('SIGKILL'));
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    for (const page of ['healthz', 'readyz', 'metrics']) {
      await until(
        `/${page} answers`,
        async () => {
          if (child.exitCode !== null) throw new Error(said.join(''));
          return (await fetch(`http://127.0.0.1:${health}/${page}`)).ok;
        },
        { timeoutMs: 30_000 },
      );
    }
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
    await until('it leads', () => said.join('').includes('"message":"leading"'));
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    assert.equal(code, 0, said.join(''));
  });
});
