import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
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

test('a reader that has gone ends neither the process nor its work', async () => {
  const module = JSON.stringify(new URL('batches.ts', import.meta.url));
  const script = `
    import { setImmediate as turn } from 'node:timers/promises';
    import { inBatches } from ${module};
    const log = inBatches(process.stderr);
    process.stdin.resume();
    process.stdin.once('end', async () => {
      for (let line = 0; line < 100; line += 1) { log.write('nobody hears this\\n'); await turn(); }
      process.stdout.write('the work is done');
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.destroy();
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number | null];
  assert.deepEqual([code, said], [0, 'the work is done']);
});
