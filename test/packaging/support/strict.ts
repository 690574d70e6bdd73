/** Validation of manifests by the API server itself: strict about fields, and without leaving anything behind. */

import assert from 'node:assert/strict';
import { createKubeClient } from '../../../src/kube/client.ts';
import { loadKubeConfig } from '../../../src/kube/connection.ts';
import { resourcePath } from '../../../src/kube/resources.ts';
import type { Environment } from '../../e2e/support/environment.ts';
import { resourceFor } from '../../e2e/support/objects.ts';
import { identify, type Manifest } from './render.ts';

/**
 * Applies the objects with dryRun=All and fieldValidation=Strict; fails on a refusal and on a warning. The namespaces and
 * definitions that they need must be there.
 * @returns the kinds that this API server does not serve
 */
export const applyStrictly = async ({ kubeconfig }: Environment, objects: Manifest[]): Promise<string[]> => {
  const warnings: string[] = [];
  const client = createKubeClient({ load: loadKubeConfig(kubeconfig), onWarning: (text) => void warnings.push(text) });
  const unknown: string[] = [];
  try {
    for (const object of objects) {
      const resource = await resourceFor(client, object.apiVersion, object.kind).catch(() => undefined);
      if (resource === undefined) {
        unknown.push(`${object.kind}.${object.apiVersion}`);
        continue;
      }
      await client
        .request({
          method: 'PATCH',
          path: resourcePath(resource, object.metadata),
          query: { dryRun: 'All', fieldValidation: 'Strict', fieldManager: 'kubectl', force: true },
          contentType: 'application/apply-patch+yaml',
          body: object,
        })
        .catch((error: unknown) => assert.fail(`${identify(object)}: ${String(error)}`));
    }
  } finally {
    await client.close();
  }
  assert.deepEqual(warnings, []);
  return unknown;
};
