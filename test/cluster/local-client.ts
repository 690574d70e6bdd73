import { setImmediate } from 'node:timers/promises';
import { handle } from './http/handler.ts';
import type { Serving } from './http/handler.ts';
import { copy } from './storage/json.ts';
import type { LocalClient, User } from './types.ts';

/** Whom requests from within stand for, unless they say otherwise: kube-controller-manager has all rights here. */
export const INTERNAL_USER: User = {
  username: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
};

/** A client that skips the network but nothing else: the same verbs, admission and validation. */
export function createLocalClient(serving: () => Serving): LocalClient {
  return {
    async request(method, path, body, options = {}) {
      const bytes =
        body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      // Controllers come one request at a time, like clients from outside: a busy one must not keep the others from theirs.
      await setImmediate();
      const user = options.user ?? INTERNAL_USER;
      const fallback = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const response = await handle(serving(), {
        method,
        url: path,
        headers: { 'content-type': options.contentType ?? fallback, 'user-agent': 'kube-controller-manager/in-memory' },
        body: () => Promise.resolve(bytes),
        user: () => user,
        local: true,
      });
      return { status: response.status, body: copy(response.body ?? {}) };
    },
  };
}
