import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { operatorError } from '../errors.ts';
import { ApiError } from './errors.ts';
import { mayRetry, retrying } from './retry.ts';

const api = (code: number, retryAfterSeconds?: number): ApiError =>
  new ApiError({ code, reason: '', message: '', retryAfterSeconds });
const network = (code: string): Error =>
  operatorError('SI2001', { detail: code }, { cause: Object.assign(new Error(code), { code }) });

describe('what may be repeated', () => {
  it('is 429, 5xx and the network for calls that can be repeated', () => {
    for (const error of [api(429), api(500), api(503), api(504), network('ECONNRESET')])
      assert.equal(mayRetry(error, true), true);
  });

  it('is never another 4xx, nor a defect', () => {
    for (const code of [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 501])
      assert.equal(mayRetry(api(code), true), false, `${code}`);
    assert.equal(mayRetry(new TypeError('x is undefined'), true), false);
    assert.equal(mayRetry(operatorError('SI2002', { method: 'GET', path: '/', seconds: 30 }), true), false);
  });

  it('is, for a write, only what the server cannot have acted on', () => {
    assert.equal(mayRetry(api(429), false), true);
    assert.equal(mayRetry(network('ECONNREFUSED'), false), true);
    assert.equal(mayRetry(network('ECONNRESET'), false), false);
    assert.equal(mayRetry(api(503), false), false);
  });

  it('is left to the queue when the server asks for long patience', () => {
    assert.equal(mayRetry(api(429, 60), true), false);
  });
});

describe('retrying', () => {
  const attempts = (...errors: Error[]) => {
    const times: number[] = [];
    return {
      times,
      run: async (): Promise<string> => {
        times.push(performance.now());
        const error = errors[times.length - 1];
        if (error) throw error;
        return 'done';
      },
    };
  };

  it('repeats until it goes well, or the tries are used up', async () => {
    const good = attempts(api(503), network('ECONNRESET'));
    assert.equal(await retrying(good.run, { minTimeoutMs: 1 }), 'done');
    assert.equal(good.times.length, 3);
    const bad = attempts(...Array.from({ length: 9 }, () => api(500)));
    await assert.rejects(retrying(bad.run, { minTimeoutMs: 1, retries: 2 }), (error) => error instanceof ApiError);
    assert.equal(bad.times.length, 3);
  });

  it('asks once when the answer is an answer', async () => {
    const denied = attempts(api(403));
    await assert.rejects(retrying(denied.run, { minTimeoutMs: 1 }));
    assert.equal(denied.times.length, 1);
  });

  it('waits as long as Retry-After says', async () => {
    const busy = attempts(api(429, 0.2));
    await retrying(busy.run, { minTimeoutMs: 1 });
    const [first = 0, second = 0] = busy.times;
    assert.ok(second - first >= 195, `${second - first} ms`);
  });

  it("ends with the signal's reason while it waits", async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = retrying(attempts(api(429, 4)).run, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 10);
    await assert.rejects(waiting, reason);
  });
});
