/** Pods, created without pause through every API server. Nothing is tried again: each answer counts. */
import { describeError } from '../../src/errors.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Pod } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';
import type { Figures } from './figures.ts';

export interface LoadOptions {
  /** One for each API server. */
  clients: readonly KubeClient[];
  /** Each with the name of the sidecar that its pods must get. */
  namespaces: readonly { namespace: string; sidecar: string }[];
  workers: number;
  figures: Figures;
  /**
   * Whether a failure, or a pod without its sidecar, cannot be helped, and why: it went with a process that was killed a
   * moment ago, or somebody spoilt what is between here and the operator.
   */
  excused: (failure: { message: string; namespace: string }) => 'Killed' | 'Spoilt' | undefined;
}

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'pod-' },
  spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
};

/** Creates pods (as dry runs) until the signal aborts. */
export const createPods = async (options: LoadOptions, signal: AbortSignal): Promise<void> => {
  const { clients, namespaces, workers, figures, excused } = options;
  const work = async (worker: number): Promise<void> => {
    for (let turn = worker; !signal.aborted; turn += 1) {
      const client = clients[turn % clients.length];
      const place = namespaces[Math.floor(turn / clients.length) % namespaces.length];
      if (client === undefined || place === undefined) throw new Error('no API server or no namespace');
      const { namespace, sidecar } = place;
      const server = turn % clients.length;
      const fail = (kind: 'failed creates' | 'pods without sidecar', message: string): void => {
        const excuse = excused({ message, namespace });
        if (excuse === undefined) figures.violate(kind, `in ${namespace}, API server ${server}: ${message}`);
        else if (excuse === 'Killed') figures.lostWithTheProcess += 1;
        else figures.spoilt += 1;
      };
      const call = { begun: performance.now() };
      figures.underWay.add(call);
      try {
        const pod = await client.request<Pod>({
          method: 'POST',
          path: resourcePath(RESOURCES.pods, { namespace }),
          query: { dryRun: 'All' },
          body: POD,
        });
        if (pod.spec?.containers?.some(({ name }) => name === sidecar) === true) figures.pods += 1;
        else fail('pods without sidecar', 'created');
      } catch (error) {
        fail('failed creates', describeError(error));
      }
      figures.underWay.delete(call);
      figures.slowestPodMs = Math.max(figures.slowestPodMs, performance.now() - call.begun);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
};
