import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { operatorError } from '../errors.ts';
import { ApiError } from './errors.ts';
import type { KubeObject } from './objects.ts';
import { EMPTY, nextState, type Transition, type WatcherInput, type WatcherState } from './watcher.ts';

const object = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, resourceVersion },
});
const watching = { phase: 'watching', resourceVersion: '7', spoilt: 0 } as const;
const paging = { phase: 'paging', items: [object('a', '1')], continueToken: 'next' } as const;
const states: WatcherState<KubeObject>[] = [EMPTY, { ...paging, items: [...paging.items] }, watching];
const refusal = (code: number, cause?: string): ApiError =>
  new ApiError({
    code,
    reason: '',
    message: '',
    ...(cause && { status: { details: { causes: [{ reason: cause }] } } }),
  });
const fail = (error: unknown): WatcherInput<KubeObject> => ({ type: 'failed', error });
const event = (
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR',
  of: unknown,
): WatcherInput<KubeObject> => ({
  type: 'event',
  event: { type, object: of as KubeObject },
});

describe('the watcher', () => {
  it('shows a list only when its last page has come', () => {
    const first = nextState<KubeObject>(EMPTY, {
      type: 'page',
      items: [object('a', '1')],
      resourceVersion: '5',
      continueToken: 't',
    });
    assert.deepEqual(first, { state: { phase: 'paging', items: [object('a', '1')], continueToken: 't' } });
    const last = nextState(first.state, {
      type: 'page',
      items: [object('b', '2')],
      resourceVersion: '5',
      continueToken: '',
    });
    assert.deepEqual(last.effect, { type: 'replace', items: [object('a', '1'), object('b', '2')] });
    assert.deepEqual(last.state, { phase: 'watching', resourceVersion: '5', spoilt: 0 });
  });

  it('goes on from each event, and from a bookmark', () => {
    for (const type of ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'] as const) {
      const { state, effect, restart } = nextState(watching, event(type, object('a', '8')));
      assert.deepEqual(state, { phase: 'watching', resourceVersion: '8', spoilt: 0 });
      assert.equal(effect?.type, { ADDED: 'put', MODIFIED: 'put', DELETED: 'drop', BOOKMARK: undefined }[type]);
      assert.equal(restart, undefined);
    }
  });

  it('lists again after 410, in an answer or in an event, at once the first time', () => {
    for (const state of states) {
      const { state: next, restart } = nextState(state, fail(refusal(410)));
      assert.deepEqual(next, EMPTY);
      assert.equal(restart?.reason, 'gone');
      assert.equal(restart?.pause, 'first');
    }
    assert.deepEqual(
      nextState(watching, event('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })).state,
      EMPTY,
    );
    assert.deepEqual(nextState(watching, fail(refusal(504, 'ResourceVersionTooLarge'))).state, EMPTY);
  });

  it('goes on from where it was after a network error, 5xx, 429, 401 and 403, and after an ERROR event', () => {
    const errors = [...[500, 503, 429, 401, 403].map((code) => refusal(code)), operatorError('SI2001', { detail: '' })];
    for (const error of errors) {
      const { state, restart } = nextState(watching, fail(error));
      assert.equal(state, watching);
      assert.equal(restart?.pause, 'always');
    }
    assert.deepEqual(nextState(watching, event('ERROR', { code: 500 })).state, watching);
    assert.deepEqual(nextState(watching, { type: 'closed' }).state, watching);
  });

  it('lists again when the resource is gone, or a page token is refused', () => {
    assert.deepEqual(nextState(watching, fail(refusal(404))).state, EMPTY);
    assert.deepEqual(nextState<KubeObject>({ ...paging, items: [] }, fail(refusal(400))).state, EMPTY);
    assert.equal(nextState<KubeObject>({ ...paging, items: [] }, fail(refusal(500))).state.phase, 'paging');
  });

  it('goes around a place in the stream that is broken twice', () => {
    const broken = fail(operatorError('SI2004', { method: '', path: '', detail: '' }));
    const once = nextState<KubeObject>(watching, broken).state;
    assert.equal(once.phase, 'watching');
    assert.deepEqual(nextState(once, broken).state, EMPTY);
    const between = nextState(once, event('ADDED', object('a', '9'))).state;
    assert.equal(nextState(between, broken).state.phase, 'watching');
  });

  it('takes an event without an object, a version or a known type as a broken stream', () => {
    for (const bad of [
      event('ADDED', {}),
      event('BOOKMARK', { metadata: {} }),
      event('SURPRISE' as 'ADDED', object('a', '1')),
    ]) {
      assert.equal(nextState(watching, bad).restart?.reason, 'bad-data');
    }
  });

  it('has a next state for every input in every state, and never compares versions', () => {
    const inputs = fc.constantFrom<WatcherInput<KubeObject>>(
      { type: 'closed' },
      { type: 'page', items: [], resourceVersion: 'x', continueToken: undefined },
      { type: 'page', items: [], resourceVersion: 'x', continueToken: 'c' },
      event('ADDED', object('a', 'zzz')),
      event('MODIFIED', object('a', '-1')),
      event('ERROR', {}),
      ...[400, 401, 403, 404, 410, 429, 500, 504].map((code) => fail(refusal(code))),
      fail(new Error('anything')),
      fail(undefined),
    );
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 30 }), (sequence) => {
        let state: WatcherState<KubeObject> = EMPTY;
        for (const input of sequence) {
          const next: Transition<KubeObject> = nextState(state, input);
          assert.ok(['empty', 'paging', 'watching'].includes(next.state.phase));
          if (input.type === 'failed') assert.ok(next.restart && !next.effect);
          state = next.state;
        }
      }),
    );
  });
});
