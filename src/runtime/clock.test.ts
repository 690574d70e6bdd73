import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleepUntil, systemClock } from './clock.ts';

const DAY = 24 * 3600 * 1000;

describe('the system clock', () => {
  it('does not fire early, however far the instant is', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    let fired = 0;
    systemClock.at(Date.now() + 60 * DAY, () => fired++);
    t.mock.timers.tick(59 * DAY);
    assert.equal(fired, 0);
    t.mock.timers.tick(DAY);
    assert.equal(fired, 1);
  });

  it('follows a wall clock that is set', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    let fired = 0;
    systemClock.at(Date.now() + DAY, () => fired++);
    // The machine slept: the wall clock is a day on, its timers are not.
    t.mock.timers.setTime(Date.now() + DAY);
    t.mock.timers.tick(30_000);
    assert.equal(fired, 1);
  });

  it('waits no longer because the wall clock is set back', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let [wall, passed, fired] = [9 * DAY, 0, 0];
    t.mock.method(Date, 'now', () => wall);
    t.mock.method(performance, 'now', () => passed);
    systemClock.at(wall + 2000, () => fired++);
    wall -= DAY;
    passed = 1999;
    t.mock.timers.tick(1999);
    assert.equal(fired, 0);
    passed = 2000;
    t.mock.timers.tick(1);
    assert.equal(fired, 1);
  });

  it('does not fire after it was cancelled', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const cancel = systemClock.at(Date.now() + DAY, () => assert.fail('cancelled'));
    t.mock.timers.tick(DAY / 2);
    cancel();
    t.mock.timers.tick(DAY);
  });
});

describe('sleepUntil', () => {
  it("ends with the signal's reason and leaves no timer behind", async () => {
    const reason = new Error('stop');
    const controller = new AbortController();
    let cancelled = 0;
    const clock = { ...systemClock, at: () => () => void cancelled++ };
    const sleeping = sleepUntil(clock, Infinity, controller.signal);
    controller.abort(reason);
    await assert.rejects(sleeping, reason);
    assert.equal(cancelled, 1);
    await assert.rejects(sleepUntil(clock, 0, controller.signal), reason);
  });
});
