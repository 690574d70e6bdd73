/** The completion script in a real bash, with a program that answers as this one does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { invocation } from '../../src/cli/index.ts';
import { cli } from '../support/cli.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'completion-'));
});
after(() => rmSync(folder, { recursive: true }));

const bash = spawnSync('bash', ['-c', 'mapfile </dev/null']).status === 0;

/** What bash would offer for a line whose answer from the program is this text. */
const replies = async (line: string, answer: string): Promise<{ offered: string[]; asked: string }> => {
  const { stdout: script } = await cli(['completion', 'bash']);
  const program = path.join(folder, 'sidecar-injector');
  writeFileSync(path.join(folder, 'answer'), answer);
  writeFileSync(program, `#!/bin/sh\nprintf '<%s>' "$@" > ${folder}/asked\ncat ${folder}/answer\n`);
  chmodSync(program, 0o755);
  writeFileSync(path.join(folder, 'script'), script);
  const run = `source ${folder}/script; compopt() { :; }; COMP_LINE=$1; COMP_POINT=\${#1}; COMP_WORDBREAKS=$' =:'
_sidecar_injector; (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"; cat ${folder}/asked >&2`;
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const { stdout, stderr } = spawnSync('bash', ['-c', run, 'bash', line], { encoding: 'utf8', env });
  return { offered: stdout.split('\n').filter((word) => word !== ''), asked: stderr };
};

describe('completion in bash', { skip: !bash && 'there is no bash 4' }, () => {
  it('hands over the words as they are typed, and offers what comes back', async () => {
    assert.deepEqual(await replies('sidecar-injector st', 'status\tShow how\nstop\n:4\n'), {
      offered: ['status', 'stop'],
      asked: '<__complete><st>',
    });
    assert.deepEqual(
      (await replies('sidecar-injector explain pod/web -n ', 'a\n:4\n')).asked,
      '<__complete><explain><pod/web><-n><>',
    );
    assert.deepEqual(await replies('sidecar-injector status --output=j', '--output=json\n:4\n'), {
      offered: ['json'],
      asked: '<__complete><status><--output=j>',
    });
    assert.deepEqual((await replies('sidecar-injector inject -f ', ':0\n')).offered, []);
  });
});

describe('__complete', () => {
  const offered = async (...words: string[]): Promise<string[]> =>
    (await cli(['__complete', ...words])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '');

  it('offers commands, flags, formats, kinds and files', async () => {
    assert.deepEqual(await offered(''), [...Object.keys(COMMANDS), 'help', ':4']);
    assert.deepEqual(await offered('help', 'rot'), ['rotate', ':4']);
    assert.deepEqual(await offered('rotate', '--wa'), ['--wait', ':4']);
    assert.deepEqual(await offered('status', '-o', ''), ['table', 'wide', 'json', 'yaml', ':4']);
    assert.deepEqual(await offered('status', '--output=w'), ['--output=wide', ':4']);
    assert.deepEqual(await offered('explain', 'dep'), ['deployment', ':4']);
    assert.deepEqual(await offered('inject', '-f', ''), [':0']);
    assert.deepEqual(await offered('completion', 'z'), ['zsh', ':4']);
    assert.deepEqual(await offered('nonsense', ''), [':4']);
  });
});

describe('the name of the program', () => {
  it('says who called', () => {
    const called = (file: string): unknown => invocation(['node', file, 'status']);
    assert.deepEqual(called('/app/sidecar-injector.js'), { program: 'sidecar-injector', argv: ['status'] });
    const plugin = 'kubectl sidecar-injector';
    assert.deepEqual(called('/bin/kubectl-sidecar_injector'), { program: plugin, argv: ['status'] });
    assert.deepEqual(called('/bin/kubectl_complete-sidecar_injector'), {
      program: plugin,
      argv: ['__complete', 'status'],
    });
  });

  it('is what help and errors print', async () => {
    const { stdout } = await cli(['rotate', '-h'], '', { program: 'kubectl sidecar-injector' });
    assert.match(
      stdout,
      /^Usage: kubectl sidecar-injector rotate NAME[^]* {2}kubectl sidecar-injector rotate nginx --wait$/m,
    );
    const { code, stderr } = await cli(['statsu']);
    assert.equal(code, 2);
    assert.match(stderr, /unknown command "statsu", did you mean status\?/);
  });
});
