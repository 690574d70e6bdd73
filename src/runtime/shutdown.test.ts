import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { silentLogger } from '../observe/log.ts';
import { Shutdown, stopOnSignals } from './shutdown.ts';

describe('the shutdown', () => {
  it('stops what was started last first, one after the other', async () => {
    const shutdown = new Shutdown(silentLogger);
    const order: string[] = [];
    for (const name of ['caches', 'leader', 'webhook']) {
      shutdown.onStop(name, async () => {
        order.push(`${name} stops`);
        await new Promise((resolve) => void setImmediate(resolve));
        order.push(`${name} stopped`);
      });
    }
    shutdown.request('SIGTERM');
    shutdown.request('again');
    assert.equal(await shutdown.done, 0);
    assert.deepEqual(order, [
      'webhook stops',
      'webhook stopped',
      'leader stops',
      'leader stopped',
      'caches stops',
      'caches stopped',
    ]);
  });

  it('goes on after a part that fails or hangs, and tells by the exit code', async () => {
    const shutdown = new Shutdown(silentLogger);
    const order: string[] = [];
    shutdown.onStop('last', () => void order.push('last'));
    shutdown.onStop(
      'hangs',
      (signal) => {
        signal.addEventListener('abort', () => order.push('told'));
        return new Promise(() => undefined);
      },
      10,
    );
    shutdown.onStop('fails', () => {
      throw new Error('no');
    });
    shutdown.request('SIGTERM');
    assert.equal(await shutdown.done, 1);
    assert.deepEqual(order, ['told', 'last']);
  });

  it('ends the process when a supervised part fails or ends by itself, but not after the request', async () => {
    const failing = new Shutdown(silentLogger);
    failing.supervise('cache', Promise.reject(new Error('broken')));
    assert.equal(await failing.done, 1);
    const ending = new Shutdown(silentLogger);
    ending.supervise('cache', Promise.resolve());
    assert.equal(await ending.done, 1);
    const stopping = new Shutdown(silentLogger);
    const part = Promise.withResolvers<void>();
    stopping.supervise('cache', part.promise);
    stopping.onStop('cache', () => part.resolve());
    stopping.request('SIGTERM');
    assert.equal(await stopping.done, 0);
  });
});

describe('signals', () => {
  const fixture = (): { source: EventEmitter; shutdown: Shutdown; exits: number[]; off: () => void } => {
    const source = new EventEmitter();
    const shutdown = new Shutdown(silentLogger);
    const exits: number[] = [];
    const off = stopOnSignals(shutdown, silentLogger, source as NodeJS.Process, (code) => void exits.push(code));
    return { source, shutdown, exits, off };
  };

  it('SIGTERM and SIGINT stop in good order', async () => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const { source, shutdown, exits, off } = fixture();
      source.emit(signal);
      assert.equal(await shutdown.done, 0);
      assert.deepEqual(exits, []);
      off();
      assert.deepEqual(source.eventNames(), []);
    }
  });

  it('a second SIGINT ends at once; a second SIGTERM does not', () => {
    const { source, shutdown, exits } = fixture();
    shutdown.onStop('slow', () => new Promise((resolve) => void setTimeout(resolve, 5)));
    source.emit('SIGTERM');
    source.emit('SIGTERM');
    assert.deepEqual(exits, []);
    source.emit('SIGINT');
    assert.deepEqual(exits, [130]);
  });

  it('an error that nobody caught stops with exit code 1', async () => {
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      const { source, shutdown } = fixture();
      source.emit(event, new Error('a defect'));
      assert.equal(await shutdown.done, 1);
    }
  });
});
