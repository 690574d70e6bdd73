/** Pods that are created (as dry runs) one after the other while something is done. Nothing is tried again: each answer counts. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Pod } from '../../../src/kube/objects.ts';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { create } from '../../../src/kube/verbs.ts';
import { containersOf } from './fixture.ts';

export interface FailedCreate {
  /** By performance.now(), when the answer came. */
  at: number;
  what: string;
}

export interface Creating {
  /** Pods that were created as they should be, so far. */
  readonly pods: number;
  readonly failures: readonly FailedCreate[];
  /** Ends it. */
  stop(): Promise<void>;
}

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
};

/** Leaves something of the machine to the others. */
const PAUSE_MS = 25;

/**
 * Creates pods until it is stopped.
 * @param sidecar that every pod must have; null where it does not matter
 */
export const startCreating = (client: KubeClient, namespace: string, sidecar: string | null): Creating => {
  const failures: FailedCreate[] = [];
  let pods = 0;
  const ending = new AbortController();
  const fail = (what: string): void => void failures.push({ at: performance.now(), what });
  const work = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        const body = { ...POD, metadata: { generateName: 'pod-', namespace } } as unknown as Pod;
        const pod = await create(client, RESOURCES.pods, body, { dryRun: true, retries: 0 });
        if (sidecar === null || containersOf(pod).includes(sidecar)) pods += 1;
        else fail('created without the sidecar');
      } catch (error) {
        fail(describeError(error));
      }
      await sleep(PAUSE_MS);
    }
  };
  const working = [work(), work()];
  return {
    get pods() {
      return pods;
    },
    failures,
    async stop() {
      ending.abort();
      await Promise.all(working);
    },
  };
};
