/** The job of the example repository that shows what a change does to pods: its commands, run as they stand. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { layerBinary, runBinary } from '../e2e/support/layer.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';

const EXAMPLE = path.join(REPOSITORY, 'config/gitops/example');
const APPS = `apiVersion: v1
kind: Namespace
metadata: { name: web, labels: { log-shipping: enabled } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: nginx
`;

test(
  'a new image of a sidecar shows as a difference of the pods that get it',
  { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' },
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'preview-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const side of ['before', 'after']) {
      cpSync(EXAMPLE, path.join(folder, side), { recursive: true });
      mkdirSync(path.join(folder, side, 'apps'));
      writeFileSync(path.join(folder, side, 'apps/web.yaml'), APPS);
    }
    const injector = path.join(folder, 'after/injectors/base/log-shipper.yaml');
    writeFileSync(injector, readFileSync(injector, 'utf8').replace('fluent-bit:4.0.3', 'fluent-bit:4.1.0'));

    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(layerBinary(35, 'kubectl/kubectl'), path.join(bin, 'kubectl'));
    symlinkSync(process.execPath, path.join(bin, 'node'));
    // In place of the bundle of a release.
    writeFileSync(
      path.join(folder, 'sidecar-injector.js'),
      `import(${JSON.stringify(path.join(REPOSITORY, 'src/main.ts'))});`,
    );

    const { jobs } = parse(readFileSync(path.join(EXAMPLE, 'preview.yaml'), 'utf8')) as {
      jobs: { preview: { steps: { name?: string; run?: string }[] } };
    };
    const script = jobs.preview.steps.find(({ name }) => name === 'Render both sides')?.run ?? '';
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    const { code, stderr } = await runBinary('bash', ['-e', '-o', 'pipefail', '-c', `cd '${folder}'\n${script}`], env);
    assert.equal(code, 0, stderr);
    const difference = readFileSync(path.join(folder, 'pods.diff'), 'utf8');
    const changed = difference.split('\n').filter((line) => /^[+-] /.test(line) && line.includes('image:'));
    assert.deepEqual(
      changed.map((line) => line.replace(/\s+/g, ' ')),
      ['- - image: fluent/fluent-bit:4.0.3', '+ - image: fluent/fluent-bit:4.1.0'],
      stderr + readFileSync(path.join(folder, 'after.yaml'), 'utf8'),
    );
  },
);
