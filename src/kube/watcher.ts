/**
 * List and watch as a pure state machine: `nextState(state, input)` says what to store and where to go on. It knows
 * neither time nor network. Every failure leads to a state, none to an end; only the caller's signal ends a watcher.
 * Modelled on kube-rs' `watcher.rs`; the rules are those of "Efficient detection of changes" in Kubernetes' API concepts.
 */

import { OperatorError, operatorError } from '../errors.ts';
import { ApiError, errorOfStatus, isGone, isNotFound } from './errors.ts';
import type { KubeObject, Status } from './objects.ts';

/** One line of a watch. `BOOKMARK` carries only metadata.resourceVersion, `ERROR` a Status. */
export interface WatchEvent<T extends KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T | Status;
}

export type WatcherState<T extends KubeObject> =
  /** Nothing is known, or what is known is too old: list from the start. */
  | { phase: 'empty' }
  /** Some pages of a list have come. */
  | { phase: 'paging'; items: T[]; continueToken: string }
  /** The store shows the server's state at this resourceVersion. `spoilt` counts broken streams since the last event. */
  | { phase: 'watching'; resourceVersion: string; spoilt: number };

export type WatcherInput<T extends KubeObject> =
  | { type: 'page'; items: T[]; resourceVersion: string; continueToken: string | undefined }
  | { type: 'event'; event: WatchEvent<T> }
  /** The server ended the watch in good order. */
  | { type: 'closed' }
  | { type: 'failed'; error: unknown };

export type Effect<T extends KubeObject> =
  { type: 'replace'; items: T[] } | { type: 'put'; object: T } | { type: 'drop'; object: T };

/** Why a watch was opened again, or everything listed again. Bounded: these are metric labels. */
export type RestartReason = 'closed' | 'gone' | 'network' | 'refused' | 'bad-data';

export interface Transition<T extends KubeObject> {
  state: WatcherState<T>;
  effect?: Effect<T>;
  /** Set when the stream or list under way is over. */
  restart?: {
    reason: RestartReason;
    /** `first`: at once, unless it happens again without progress between; `always`: only after a pause. */
    pause: 'first' | 'always';
    /** What went wrong, for the log; undefined for a good end. */
    error?: unknown;
  };
}

export const EMPTY = { phase: 'empty' } as const;

const reasonOf = (error: unknown): RestartReason => {
  if (isTooOld(error)) return 'gone';
  if (error instanceof ApiError) return 'refused';
  return isBadData(error) ? 'bad-data' : 'network';
};

const isBadData = (error: unknown): boolean =>
  error instanceof OperatorError && (error.code === 'SI2004' || error.code === 'SI2006');

/** 410, and the Timeout that an API server answers which is behind the version asked for (after a restore of etcd). */
const isTooOld = (error: unknown): boolean =>
  isGone(error) ||
  (error instanceof ApiError &&
    error.status?.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true);

const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.code >= 400 && error.code < 500 && error.code !== 429;

const failed = <T extends KubeObject>(state: WatcherState<T>, error: unknown): Transition<T> => {
  const reason = reasonOf(error);
  if (reason === 'gone') return { state: EMPTY, restart: { reason, pause: 'first', error } };
  const restart = { reason, pause: 'always', error } as const;
  if (state.phase === 'empty') return { state, restart };
  // A half-read list goes on from its token, unless the server refuses it.
  if (state.phase === 'paging') return { state: isRefusal(error) ? EMPTY : state, restart };
  // A resource that is not served any more shows its state only by a list once it is back.
  if (isNotFound(error)) return { state: EMPTY, restart };
  if (reason !== 'bad-data') return { state, restart };
  // The same place broken twice will be broken a third time: go around it by a list.
  return state.spoilt > 0 ? { state: EMPTY, restart } : { state: { ...state, spoilt: 1 }, restart };
};

const isObject = <T extends KubeObject>(value: T | Status): value is T => {
  const { metadata } = value as { metadata?: { resourceVersion?: unknown } };
  return typeof metadata?.resourceVersion === 'string' && metadata.resourceVersion !== '';
};

const onEvent = <T extends KubeObject>(state: WatcherState<T>, { type, object }: WatchEvent<T>): Transition<T> => {
  if (type === 'ERROR') return failed(state, errorOfStatus(object as Status));
  if (!isObject(object)) {
    const detail = `an event ${type} without an object that has a resourceVersion`;
    return failed(state, operatorError('SI2004', { method: 'WATCH', path: 'events', detail }));
  }
  // resourceVersion is opaque: it is kept and handed back, never compared.
  const watching = { phase: 'watching', resourceVersion: object.metadata.resourceVersion ?? '', spoilt: 0 } as const;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { state: watching, effect: { type: 'put', object } };
    case 'DELETED':
      return { state: watching, effect: { type: 'drop', object } };
    case 'BOOKMARK':
      return { state: watching };
    default: {
      const detail = `an event of the unknown type ${JSON.stringify(type)}`;
      return failed(state, operatorError('SI2004', { method: 'WATCH', path: 'events', detail }));
    }
  }
};

/** The next state after one input, and what the store has to do. */
export const nextState = <T extends KubeObject>(state: WatcherState<T>, input: WatcherInput<T>): Transition<T> => {
  switch (input.type) {
    case 'page': {
      const items = state.phase === 'paging' ? [...state.items, ...input.items] : input.items;
      if (input.continueToken !== undefined && input.continueToken !== '') {
        return { state: { phase: 'paging', items, continueToken: input.continueToken } };
      }
      return {
        state: { phase: 'watching', resourceVersion: input.resourceVersion, spoilt: 0 },
        // Only now, all at once: a half-read list would show objects as deleted that are on the next page.
        effect: { type: 'replace', items },
      };
    }
    case 'event':
      return onEvent(state, input.event);
    case 'failed':
      return failed(state, input.error);
    case 'closed':
    default:
      return { state, restart: { reason: 'closed', pause: 'first' } };
  }
};
