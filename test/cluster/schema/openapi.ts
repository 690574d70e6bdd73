/** OpenAPI v3 documents, as far as kubectl reads them: `explain`, and which requests take `fieldValidation` and `dryRun`. */
import type { JsonObject, Registry, Resource } from '../types.ts';

/** The document of one group and version; undefined when it serves nothing. The core group is ''. */
export function openapiDocument(registry: Registry, group: string, version: string): JsonObject | undefined {
  const resources = registry.all().filter((resource) => resource.group === group && resource.version === version);
  if (resources.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: Object.fromEntries(resources.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries(resources.flatMap(schemasOf)) },
  };
}

/** Names are free, but must not change: `com.example.v1.Widget`, `io.k8s.api.apps.v1.Deployment`. */
function schemaName({ group, version, kind, custom }: Resource): string {
  const domain = group.split('.').toReversed().join('.');
  if (group === 'apiextensions.k8s.io')
    return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${version}.${kind}`;
  return custom ? `${domain}.${version}.${kind}` : `io.k8s.api.${group.split('.')[0] || 'core'}.${version}.${kind}`;
}

function typeOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

function schemasOf(resource: Resource): [string, JsonObject][] {
  const schema = resource.schema();
  return schema === undefined
    ? []
    : [[schemaName(resource), { ...schema, 'x-kubernetes-group-version-kind': [typeOf(resource)] }]];
}

const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation'];

function pathsOf(resource: Resource): [string, JsonObject][] {
  const { group, version, plural, namespaced, verbs } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const everywhere: [string, JsonObject][] =
    namespaced && verbs.includes('list') && verbs.includes('list')
      ? [[`${root}/${plural}`, { get: operation(resource, 'list') }]]
      : [];
  const methods = (names: Record<string, string>): JsonObject =>
    Object.fromEntries(
      Object.entries(names)
        .filter(([, verb]) => verbs.includes(verb))
        .map(([method, verb]) => [method, operation(resource, verb)]),
    );
  const methodOf: Record<string, string> = { get: 'get', update: 'put', patch: 'patch', create: 'post' };
  const subresources = Object.entries(resource.subresources).map(([name, { verbs: own }]): [string, JsonObject] => [
    `${collection}/{name}/${name}`,
    Object.fromEntries(own.map((verb) => [methodOf[verb] ?? verb, operation(resource, verb)])),
  ]);
  return [
    ...everywhere,
    [collection, methods({ get: 'list', post: 'create', delete: 'deletecollection' })],
    [`${collection}/{name}`, methods({ get: 'get', put: 'update', patch: 'patch', delete: 'delete' })],
    ...subresources,
  ];
}

function operation(resource: Resource, verb: string): JsonObject {
  const parameters = ['create', 'update', 'patch'].includes(verb)
    ? [...writeParameters, ...(verb === 'patch' ? ['force'] : [])]
    : [];
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(resource)}` } } };
  return {
    operationId: `${verb}${resource.group.replaceAll(/\W/g, '')}${resource.version}${resource.kind}`,
    parameters: parameters.map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
    })),
    responses: { 200: { description: 'OK', ...(resource.schema() !== undefined && { content }) } },
    'x-kubernetes-action': verb === 'create' ? 'post' : verb === 'update' ? 'put' : verb,
    'x-kubernetes-group-version-kind': typeOf(resource),
  };
}
