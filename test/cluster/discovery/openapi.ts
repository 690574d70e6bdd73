/** The index of the OpenAPI v3 documents (k8s.io/kube-openapi/pkg/handler3). */
import { createHash } from 'node:crypto';
import type { JsonObject, Registry } from '../types.ts';
import { groupsOf, resourceList } from './resources.ts';

/** One document for each group and version; the hash changes when their resources do. */
export function openapiIndex(registry: Registry): JsonObject {
  const paths: JsonObject = {};
  for (const { name, versions } of groupsOf(registry)) {
    for (const { version, resources } of versions) {
      const path = name ? `apis/${name}/${version}` : `api/${version}`;
      const schemas = resources.map((resource) => (resource.custom ? resource.schema() : undefined));
      const content = JSON.stringify([resourceList(name, version, resources), schemas]);
      const hash = createHash('sha256').update(content).digest('hex').toUpperCase();
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
  }
  return { paths };
}
