/** A custom resource as a served resource (apiextensions-apiserver/pkg/registry/customresource, pkg/apiserver/customresource_handler.go). */
import { kubernetesDefinition } from '../../../hack/kubernetes-types.ts';
import { compareVersions } from '../discovery/resources.ts';
import { decodeStrict, duplicateErrors } from '../schema/decode.ts';
import { copy } from '../storage/json.ts';
import type { JsonObject, KubeObject, Resource, Schema, Subresource } from '../types.ts';
import { customColumns } from './columns.ts';
import type { CustomResourceDefinition, Version } from './definition.ts';
import { readEmbeddedMetadata } from './embedded.ts';
import { jsonPath } from './jsonpath.ts';
import { scaleSubresource } from './scale.ts';
import { type Rules, statusStrategy, strategyOf } from './strategy.ts';
import { applyDefaults, hasUnknown, isObject, lacksDefaults, prune } from './structural.ts';

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

/** The resource that one version of a definition makes. All versions share their storage; conversion changes nothing but apiVersion. */
export function resourceOf(definition: CustomResourceDefinition, version: Version): Resource {
  const { group, scope, names } = definition.spec;
  const schema = version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  // What is read from storage is pruned and defaulted as what it was stored as, and then shown in this version.
  const stored = definition.spec.versions.find(({ storage }) => storage)?.schema?.openAPIV3Schema ?? schema;
  const shownAsStored = new WeakSet<KubeObject>();
  const whole = withObjectFields(schema);
  const apiVersion = `${group}/${version.name}`;
  const rules: Rules = {
    kind: names.kind,
    apiVersion,
    schema,
    namespaced: scope === 'Namespaced',
    status: version.subresources?.status !== undefined,
    scale: version.subresources?.scale,
    definition: { name: `${names.plural}.${group}`, group, plural: names.plural },
  };
  return {
    group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: rules.namespaced,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: objectVerbs,
    subresources: subresourcesOf(version, rules, group),
    strategy: { ...strategyOf(rules), selectableFields: selectableFieldsOf(version) },
    schema: () => whole,
    columns: customColumns(version.additionalPrinterColumns),
    ...(version.deprecated === true && {
      deprecation: version.deprecationWarning ?? deprecationOf(definition, version),
    }),
    decode: (source) => decode(source, schema),
    read(object) {
      if (shownAsStored.has(object)) return object;
      if (!lacksDefaults(object, stored) && !hasUnknown(object, stored) && !hasUnknown(object, schema)) {
        // What is stored is never changed in place.
        if (Object.isFrozen(object)) shownAsStored.add(object);
        return object;
      }
      const shown = copy(object);
      prune(shown, stored);
      applyDefaults(shown, stored);
      prune(shown, schema);
      return shown;
    },
    custom: true,
    storageKey: `${names.plural}.${group}`,
  };
}

function deprecationOf({ spec }: CustomResourceDefinition, version: Version): string {
  const { group, names, versions } = spec;
  const newer = versions.filter(
    ({ name, served, deprecated }) => served && deprecated !== true && compareVersions(name, version.name) < 0,
  );
  const best = newer.toSorted((a, b) => compareVersions(a.name, b.name))[0];
  const advice = best === undefined ? '' : `; use ${group}/${best.name} ${names.kind}`;
  return `${group}/${version.name} ${names.kind} is deprecated${advice}`;
}

const metadataSchema: Schema = {
  type: 'object',
  properties: { metadata: kubernetesDefinition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? {} },
};

/** The schema with the fields that every object has, as OpenAPI documents and field managers need it. */
function withObjectFields(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  const properties = { apiVersion: text, kind: text, ...schema.properties, ...metadataSchema.properties };
  return { ...schema, properties };
}

function decode(source: string | JsonObject, schema: Schema): { object: JsonObject; strictErrors: string[] } {
  const object = typeof source === 'string' ? (JSON.parse(source) as unknown) : copy(source);
  if (!isObject(object)) throw new Error('json: cannot unmarshal into Go value of type map[string]interface {}');
  // Without a Go type there is nothing to tell the kind from, so it must be said.
  for (const [field, name] of [
    ['kind', 'Kind'],
    ['apiVersion', 'apiVersion'],
  ] as const) {
    if (!object[field])
      throw new Error(
        `Object '${name}' is missing in '${typeof source === 'string' ? source : JSON.stringify(source)}'`,
      );
  }
  const strictErrors = typeof source === 'string' ? duplicateErrors(source) : [];
  const metadata = decodeStrict({ metadata: object['metadata'] ?? {} }, metadataSchema);
  object['metadata'] = metadata.object['metadata'];
  const embedded = readEmbeddedMetadata(object, schema, (given) => {
    const { object, strictErrors } = decodeStrict({ metadata: given }, metadataSchema);
    return { metadata: object['metadata'], unknown: strictErrors.map((text) => /"(.*)"/.exec(text)?.[1] ?? text) };
  });
  const unknown = [...prune(object, schema).sort(), ...embedded].map((path) => `unknown field ${JSON.stringify(path)}`);
  return { object, strictErrors: [...strictErrors, ...metadata.strictErrors, ...unknown] };
}

function subresourcesOf(version: Version, rules: Rules, group: string): Record<string, Subresource> {
  const { status, scale } = version.subresources ?? {};
  return {
    ...(status !== undefined && {
      status: {
        verbs: subresourceVerbs,
        kind: rules.kind,
        group,
        version: version.name,
        strategy: statusStrategy(rules),
      },
    }),
    ...(scale !== undefined && { scale: scaleSubresource(scale, rules.definition) }),
  };
}

function selectableFieldsOf(version: Version): Record<string, (object: KubeObject) => string> {
  const fields = (version.selectableFields ?? []).map(
    ({ jsonPath: path }): [string, (object: KubeObject) => string] => {
      const read = jsonPath(path);
      return [
        path.replace(/^\./, ''),
        (object) => String((read(object)[0] as string | number | boolean | undefined) ?? ''),
      ];
    },
  );
  return Object.fromEntries(fields);
}
