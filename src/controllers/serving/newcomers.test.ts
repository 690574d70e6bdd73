import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceCache } from '../../kube/cache.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { InjectorObject } from '../caches.ts';
import { Newcomers } from './newcomers.ts';

type Listener = Parameters<ResourceCache<InjectorObject>['onChange']>[0];

function start(): {
  newcomers: Newcomers;
  tell: (type: 'added' | 'deleted', name: string) => void;
  pass: (ms: number) => void;
} {
  let time = 0;
  let listener: Listener = () => undefined;
  const onChange = (given: Listener): (() => void) => {
    listener = given;
    return () => undefined;
  };
  const newcomers = new Newcomers({ onChange }, { ...systemClock, monotonic: () => time });
  newcomers.start();
  const tell = (type: 'added' | 'deleted', name: string): void =>
    listener({ type, key: name, object: { metadata: { name } } as InjectorObject });
  return { newcomers, tell, pass: (ms) => void (time += ms) };
}

test('who is not known is waited for, for a moment', () => {
  const { newcomers, pass } = start();
  assert.equal(newcomers.mayCome('a'), true);
  pass(1400);
  assert.equal(newcomers.mayCome('a'), true);
  pass(200);
  assert.equal(newcomers.mayCome('a'), false);
  assert.equal(newcomers.mayCome('b'), true, 'each for itself');
});

test('who was deleted is not waited for, until it is made anew', () => {
  const { newcomers, tell } = start();
  tell('deleted', 'a');
  assert.equal(newcomers.mayCome('a'), false);
  tell('added', 'a');
  assert.equal(newcomers.mayCome('a'), true);
});

test('names that anybody makes up do not fill the memory', () => {
  const { newcomers, tell } = start();
  tell('deleted', 'first');
  for (let count = 0; count < 1001; count += 1) newcomers.mayCome(`n${count}`);
  assert.equal(newcomers.mayCome('first'), true, 'what is oldest is forgotten');
});
