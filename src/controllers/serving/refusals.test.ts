import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from './refusals.ts';

const event = { servername: 'sidecar-injector-nginx.ns.svc', remoteAddress: '10.0.0.1', untrusted: true };

test('the first refusal is told at once, a flood of them once a second, and none is lost', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const refusals = new Refusals('ns');
  const told: number[] = [];
  refusals.onChange(() => told.push(refusals.of('nginx').count));
  refusals.note(event);
  assert.deepEqual(told, [1]);
  for (let count = 0; count < 1000; count += 1) refusals.note(event);
  assert.deepEqual(told, [1]);
  t.mock.timers.tick(1000);
  assert.deepEqual(told, [1, 1001]);
  t.mock.timers.tick(5000);
  assert.deepEqual(told, [1, 1001], 'nothing new, nothing to tell');
  refusals.note(event);
  assert.deepEqual(told, [1, 1001, 1002]);
});
