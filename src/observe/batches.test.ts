import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { inBatches } from './batches.ts';

test('what is written in one turn arrives as one write, in its order', async () => {
  const target = new PassThrough();
  const stream = inBatches(target);
  for (const line of ['a\n', 'b\n', 'ü\n']) stream.write(line);
  const [first] = (await once(target, 'data')) as [Buffer];
  stream.write('c\n');
  const [second] = (await once(target, 'data')) as [Buffer];
  assert.deepEqual([String(first), String(second)], ['a\nb\nü\n', 'c\n']);
});

for (const [how, end] of Object.entries({
  exits: 'process.exit(3)',
  fails: 'throw new Error("bug")',
})) {
  test(`nothing is lost when the process ${how}`, () => {
    const module = JSON.stringify(new URL('batches.ts', import.meta.url));
    const script = `import { inBatches } from ${module}; inBatches(process.stdout).write('last words\\n'); ${end};`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    assert.equal(stdout, 'last words\n');
  });
}
