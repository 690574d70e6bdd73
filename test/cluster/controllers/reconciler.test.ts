import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reconciler } from './reconciler.ts';

test('a key is never worked on twice at once, and never forgotten', async () => {
  const running = new Map<string, number>();
  const seen = new Map<string, number>();
  let wanted = 0;
  let most = 0;
  const queue = new Reconciler(async (key) => {
    assert.equal(running.get(key) ?? 0, 0);
    running.set(key, 1);
    const version = wanted;
    most = Math.max(
      most,
      [...running.values()].reduce((sum, each) => sum + each, 0),
    );
    await new Promise(setImmediate);
    running.set(key, 0);
    seen.set(key, version);
    return undefined;
  });
  const keys = Array.from({ length: 20 }, (_, index) => `/${index}`);
  for (let round = 0; round < 50; round++) {
    wanted = round;
    for (const key of keys) queue.add(key);
    await new Promise(setImmediate);
  }
  const end = Date.now() + 5000;
  while (!keys.every((key) => seen.get(key) === wanted)) {
    assert.ok(Date.now() < end, 'a key was forgotten');
    await new Promise(setImmediate);
  }
  assert.ok(most > 1 && most <= 5);
  queue.stop();
});

test('a key that takes long holds up no other', async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const done: string[] = [];
  const queue = new Reconciler(async (key) => {
    if (key === '/slow') await release;
    done.push(key);
    return undefined;
  });
  queue.add('/slow');
  await new Promise(setImmediate);
  queue.add('/slow');
  await new Promise(setImmediate);
  queue.add('/other');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.deepEqual(done, ['/other']);
  resolve();
  queue.stop();
});

test('what fails is tried again, and what asks for it comes back', async () => {
  let failures = 0;
  const done = new Promise<void>((resolve) => {
    const queue = new Reconciler(async () => {
      failures += 1;
      if (failures < 3) throw new Error('not yet');
      if (failures < 5) return 1;
      queue.stop();
      resolve();
      return undefined;
    });
    queue.add('/a');
  });
  // Its timers do not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  await done;
  clearInterval(alive);
  assert.equal(failures, 5);
});
