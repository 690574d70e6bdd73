import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { readSources } from './inputs.ts';

const ignore = { write: () => true };
const streams = (stdin = ''): Parameters<typeof readSources>[2] => ({
  stdin: Readable.from([Buffer.from(stdin)]),
  stdout: ignore,
  stderr: ignore,
});

let folder: string;
const file = (name: string): string => path.join(folder, name);
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'inputs-'));
  mkdirSync(file('deep.yaml'));
  mkdirSync(file('empty'));
  for (const name of ['b.yml', 'a.yaml', 'c.json', 'notes.txt', 'deep.yaml/d.YAML']) writeFileSync(file(name), name);
  writeFileSync(file('notes.txt'), Buffer.from([0x61, 0xff]));
});
after(() => rmSync(folder, { recursive: true }));

describe('readSources', () => {
  const namesOf = async (names: string[], recursive = false): Promise<string[]> =>
    (await readSources(names, recursive, streams())).map(({ name }) => path.relative(folder, name));

  it('takes the manifests of a folder in order, and those of its folders when asked to', async () => {
    assert.deepEqual(await namesOf([folder]), ['a.yaml', 'b.yml', 'c.json']);
    assert.deepEqual(await namesOf([folder], true), ['a.yaml', 'b.yml', 'c.json', 'deep.yaml/d.YAML']);
  });

  it('keeps the order in which inputs are named, standard input among them', async () => {
    const sources = await readSources([file('c.json'), '-', file('a.yaml')], false, streams('é'));
    assert.deepEqual(
      sources.map(({ text }) => text),
      ['c.json', 'é', 'a.yaml'],
    );
  });

  it('refuses what is not there, is not text, or holds no manifests', async () => {
    for (const name of ['nowhere', 'notes.txt', 'empty']) {
      await assert.rejects(readSources([file(name)], false, streams()), { code: 'SI6002' }, name);
    }
  });
});
