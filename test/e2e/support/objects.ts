/** Applies and deletes objects of any kind; where a kind lives is asked of the API server. */

import { isNotFound } from '../../../src/kube/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { ResourceRef } from '../../../src/kube/resources.ts';
import { apply, create, get, remove } from '../../../src/kube/verbs.ts';
import { until } from '../../support/until.ts';

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

/** The resource that serves a kind; throws when the API server serves none. */
export const resourceFor = async (client: KubeClient, apiVersion: string, kind: string): Promise<ResourceRef> => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = await client.request<ResourceList>({ path });
  const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  if (found === undefined) throw new Error(`the API server serves no ${kind} in ${apiVersion}`);
  return { group, version, plural: found.name, namespaced: found.namespaced, kind };
};

/**
 * Applies the objects in order, as `kubectl apply --server-side` does. A kind that a CustomResourceDefinition just before
 * them makes is waited for.
 */
export const applyAll = async (client: KubeClient, objects: KubeObject[]): Promise<void> => {
  for (const object of objects) {
    const resource = await until(`${object.kind} is served`, () => resourceFor(client, object.apiVersion, object.kind));
    await apply(client, resource, object, { fieldManager: 'kubectl' });
  }
};

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Creates the objects in order, exactly as a first `kubectl apply` without --server-side does. */
export const createAsKubectlApply = async (client: KubeClient, objects: KubeObject[]): Promise<void> => {
  for (const object of objects) {
    const resource = await resourceFor(client, object.apiVersion, object.kind);
    const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(object)}\n` };
    const annotated = { ...object, metadata: { ...object.metadata, annotations } };
    await create(client, resource, annotated, { fieldManager: 'kubectl-client-side-apply' });
  }
};

/** Deletes the objects in the opposite order and waits until they are gone. Kinds that are not served count as gone. */
export const deleteAll = async (client: KubeClient, objects: KubeObject[]): Promise<void> => {
  for (const object of objects.toReversed()) {
    try {
      const resource = await resourceFor(client, object.apiVersion, object.kind);
      const key = { name: object.metadata.name ?? '', namespace: object.metadata.namespace };
      await remove(client, resource, key);
      await until(`${object.kind} ${key.name} is gone`, async () => (await get(client, resource, key)) === undefined, {
        timeoutMs: 60_000,
        everyMs: 100,
      });
    } catch (error) {
      if (!isNotFound(error) && !String(error).includes('serves no')) throw error;
    }
  }
};
