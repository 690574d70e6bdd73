/** The executable's commands as a shell sees them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SAMPLE = path.join(ROOT, 'config/samples/nginx.yaml');

interface Ending {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the executable; `deaf` closes its standard output unread. */
async function run(argv: string[], { input = '', deaf = false } = {}): Promise<Ending> {
  const child = spawn(process.execPath, [path.join(ROOT, 'src/main.ts'), ...argv], { timeout: 60_000 });
  const heard = { stdout: '', stderr: '' };
  if (deaf) child.stdout.destroy();
  else child.stdout.on('data', (chunk) => (heard.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (heard.stderr += String(chunk)));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...heard };
}

describe('sidecar-injector', () => {
  it('lists the commands in its help', async () => {
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    for (const command of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${command} +[A-Z]`, 'm'));
  });

  it('injects from a pipe, and tells by its exit code what was wrong', async () => {
    const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: nginx-injection
  annotations: { sidecar-injector-webhook.nginx.sidecar/need_inject: "true" }
spec:
  containers: [{ name: app, image: app }]
`;
    const [good, usage, missing] = await Promise.all([
      run(['inject', '-f', '-', '-f', SAMPLE], { input: pod }),
      run(['inject', '--nonsense']),
      run(['inject', '-f', '/nowhere.yaml']),
    ]);
    assert.equal(good.code, 0);
    assert.match(good.stdout, /image: nginx:/);
    assert.deepEqual([usage.code, usage.stdout], [2, '']);
    assert.match(usage.stderr, /^SI6001: /);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /^SI6002: /);
  });

  it('ends well when nobody reads on', async () => {
    const many = `${readFileSync(SAMPLE, 'utf8')}${'---\n{a: b}\n'.repeat(20_000)}`;
    const { code, stderr } = await run(['inject', '-f', '-'], { input: many, deaf: true });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });
});

describe('the operator', () => {
  it('starts without the packages of the commands', () => {
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from\s+'([^']+)'/gm)) {
        if (!name.startsWith('.')) seen.add(name);
        else if (name.endsWith('.ts')) follow(path.resolve(path.dirname(file), name));
      }
    };
    follow(path.join(ROOT, 'src/main.ts'));
    assert.ok(seen.has('winston') && seen.has(path.join(ROOT, 'src/cli/index.ts')), 'the imports were followed');
    assert.ok(!seen.has('yaml'));
  });
});
