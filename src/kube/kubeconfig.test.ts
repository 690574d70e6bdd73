import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readKubeConfig } from './kubeconfig.ts';

let folder: string;
const previous = process.env['KUBECONFIG'];
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
});
after(() => {
  if (previous === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = previous;
  rmSync(folder, { recursive: true });
});

const write = (name: string, server: string, contexts: string[], current?: string): string => {
  const file = path.join(folder, name);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: name } }],
    contexts: contexts.map((context) => ({ name: context, context: { cluster: 'c', user: 'u', namespace: context } })),
    ...(current !== undefined && { 'current-context': current }),
  };
  writeFileSync(file, JSON.stringify(content));
  return file;
};

describe('KUBECONFIG', () => {
  it('of several files: the first that says something counts, and missing ones do not', () => {
    const one = write('one', 'https://one', ['a']);
    const two = write('two', 'https://two', ['b', 'a'], 'b');
    const three = write('three', 'https://three', [], 'c');
    process.env['KUBECONFIG'] = [path.join(folder, 'none'), one, two, three].join(path.delimiter);
    const config = readKubeConfig({});
    assert.equal(config.getCurrentContext(), 'b');
    assert.equal(config.getCurrentCluster()?.server, 'https://one');
    assert.deepEqual(
      config.getContexts().map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(readKubeConfig({ context: 'a' }).getCurrentContext(), 'a');
    assert.equal(readKubeConfig({ file: two }).getCurrentCluster()?.server, 'https://two');
  });

  it('without the file, or the context, is refused by name', () => {
    const file = write('named', 'https://named', ['x', 'y'], 'x');
    assert.throws(() => readKubeConfig({ file, context: 'z' }), /no context "z", only: x, y/);
    assert.throws(() => readKubeConfig({ file: path.join(folder, 'none') }), /ENOENT/);
    process.env['KUBECONFIG'] = path.join(folder, 'none');
    assert.throws(() => readKubeConfig({}), /names no file that exists/);
  });
});
