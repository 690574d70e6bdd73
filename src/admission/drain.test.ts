import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Traffic } from './drain.ts';

const LIMITS = { quietMs: 20, maxMs: 10_000, inFlightMs: 10_000 };
const never = new AbortController().signal;
const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

test('a process that gets no CPU does not take that for quiet', async () => {
  const traffic = new Traffic();
  let over = false;
  const quiet = traffic.quiet(LIMITS, never).then(() => (over = true));
  busy(100);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.equal(over, false);
  await quiet;
});

test('arrivals put the quiet off, and maxMs ends the waiting', async () => {
  const traffic = new Traffic();
  const caller = setInterval(() => traffic.arrived(), 1);
  const started = performance.now();
  await traffic.quiet({ ...LIMITS, quietMs: 200, maxMs: 300 }, never);
  clearInterval(caller);
  assert.ok(performance.now() - started >= 299);
});

test('what is in flight is waited for, and is counted once', async () => {
  const traffic = new Traffic();
  const end = traffic.begin();
  const other = traffic.begin();
  end();
  end();
  assert.equal(traffic.inFlight, 1);
  let idle = false;
  const waiting = traffic.idle(10_000, never).then(() => (idle = true));
  await new Promise(setImmediate);
  assert.equal(idle, false);
  other();
  await waiting;
  assert.equal(traffic.inFlight, 0);
});
