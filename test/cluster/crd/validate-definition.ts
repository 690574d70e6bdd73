/** What makes a CustomResourceDefinition invalid (apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go). */
import { isDeepStrictEqual } from 'node:util';
import { validateClientConfig, validateReviewVersions } from '../admission/configuration.ts';
import type { FieldError, Schema } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  notSupported,
  required,
  tooMany,
} from '../validation.ts';
import { isTrue } from './conditions.ts';
import type { CustomResourceDefinition, Names, Version } from './definition.ts';
import { isChecked } from './formats.ts';
import { isObject } from './structural.ts';
import { validateSchema } from './validate-schema.ts';

type Spec = CustomResourceDefinition['spec'];

export function validateDefinition(
  object: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const { spec } = object;
  const versions = spec.versions ?? [];
  const names = spec.names ?? { plural: '', kind: '' };
  const { name } = object.metadata;
  return [
    ...(old === undefined && name !== `${names.plural}.${spec.group}`
      ? [invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group')]
      : []),
    ...groupErrors(spec.group),
    ...scopeErrors(spec.scope),
    ...versions.flatMap(({ schema }, index) =>
      schema?.openAPIV3Schema === undefined ? [required(`spec.versions[${index}].schema.openAPIV3Schema`)] : [],
    ),
    ...versionErrors(versions),
    ...nameErrors(names, 'spec.names'),
    ...schemaErrors(versions),
    ...conversionErrors(spec.conversion),
    ...storedVersionErrors(object),
    ...approvalErrors(object, old),
    ...(spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true
      ? [
          invalidValue(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
    ...(old === undefined ? [] : immutableErrors(object, old)),
  ];
}

function groupErrors(group: string | undefined): FieldError[] {
  if (!group) return [required('spec.group')];
  const wrong = isDNS1123Subdomain(group);
  if (wrong.length > 0) return [invalidValue('spec.group', group, wrong.join(','))];
  return group.includes('.') ? [] : [invalidValue('spec.group', group, 'should be a domain with at least one dot')];
}

function scopeErrors(scope: string | undefined): FieldError[] {
  if (!scope) return [required('spec.scope')];
  return ['Cluster', 'Namespaced'].includes(scope)
    ? []
    : [notSupported('spec.scope', scope, ['Cluster', 'Namespaced'])];
}

/** Versions as the server's internal type shows them: what all have alike stands elsewhere. */
function internalForm(versions: Version[]): unknown[] {
  return versions.map(({ name, served, storage, deprecated = false, deprecationWarning = null }) => ({
    Name: name,
    Served: served,
    Storage: storage,
    Deprecated: deprecated,
    DeprecationWarning: deprecationWarning,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }));
}

function versionErrors(versions: Version[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, version] of versions.entries()) {
    const wrong = isDNS1035Label(version.name ?? '');
    if (wrong.length > 0) errors.push(invalidValue(`spec.versions[${index}].name`, version.name, wrong.join(',')));
    if (version.deprecationWarning !== undefined && version.deprecated !== true) {
      errors.push(
        invalidValue(
          `spec.versions[${index}].deprecationWarning`,
          version.deprecationWarning,
          'can only be set for deprecated versions',
        ),
      );
    }
  }
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) {
    errors.push(invalidValue('spec.versions', internalForm(versions), 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(
      invalidValue('spec.versions', internalForm(versions), 'must have exactly one version marked as storage version'),
    );
  }
  // The internal form repeats the first version's name.
  const first = versions[0]?.name ?? '';
  const wrong = first === '' ? [] : isDNS1035Label(first);
  if (wrong.length > 0) errors.push(invalidValue('spec.version', first, wrong.join(',')));
  return errors;
}

function nameErrors(names: Names, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const kinds = ['kind', 'listKind'];
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!names[field]) errors.push(required(`${path}.${field}`));
  }
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[field];
    if (!value) continue;
    const wrong = isDNS1035Label(kinds.includes(field) ? value.toLowerCase() : value);
    const prefix = kinds.includes(field) ? 'may have mixed case, but should otherwise match: ' : '';
    if (wrong.length > 0) errors.push(invalidValue(`${path}.${field}`, value, prefix + wrong.join(',')));
  }
  for (const field of ['shortNames', 'categories'] as const) {
    for (const [index, value] of (names[field] ?? []).entries()) {
      const wrong = isDNS1035Label(value);
      if (wrong.length > 0) errors.push(invalidValue(`${path}.${field}[${index}]`, value, wrong.join(',')));
    }
  }
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalidValue(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  }
  return errors;
}

/** What all versions have alike is one field in the internal form of a definition, and is judged there, once. */
function schemaErrors(versions: Version[]): FieldError[] {
  const same = (read: (version: Version) => unknown): boolean =>
    versions.every((version) => isDeepStrictEqual(read(version), read(versions[0] ?? version)));
  const status = versions.some(({ subresources }) => subresources?.status !== undefined);
  const sameSchema = same(({ schema }) => schema);
  const sameScale = same(({ subresources }) => subresources);
  const sameColumns = same(({ additionalPrinterColumns }) => additionalPrinterColumns);
  return versions.flatMap((version, index) => {
    const { schema, additionalPrinterColumns = [] } = version;
    const once = index === 0;
    const selectablePath = same(({ selectableFields }) => selectableFields)
      ? 'spec.selectableFields'
      : `spec.versions[${index}].selectableFields`;
    const schemaPath = sameSchema
      ? 'spec.validation.openAPIV3Schema'
      : `spec.versions[${index}].schema.openAPIV3Schema`;
    const columnPath = sameColumns
      ? 'spec.additionalPrinterColumns'
      : `spec.versions[${index}].additionalPrinterColumns`;
    return [
      ...(schema?.openAPIV3Schema === undefined || (sameSchema && !once)
        ? []
        : validateSchema(schema.openAPIV3Schema, schemaPath, status)),
      ...(sameScale && !once
        ? []
        : scaleErrors(
            version.subresources?.scale,
            `${sameScale ? 'spec' : `spec.versions[${index}]`}.subresources.scale`,
          )),
      ...(selectablePath === 'spec.selectableFields' && !once ? [] : selectableErrors(version, selectablePath)),
      ...(sameColumns && !once
        ? []
        : additionalPrinterColumns.flatMap((column, at) => columnErrors(column, `${columnPath}[${at}]`))),
    ];
  });
}

const MAX_SELECTABLE = 8;

/** ValidateCustomResourceSelectableFields, cel.ValidFieldPath */
function selectableErrors({ selectableFields = [], schema }: Version, path: string): FieldError[] {
  const seen = new Set<string>();
  const errors = selectableFields.flatMap(({ jsonPath: field }, index) => {
    const here = `${path}[${index}].jsonPath`;
    if (!field) return [required(here)];
    const [found, mistake] = pathIn(schema?.openAPIV3Schema, field);
    if (mistake !== undefined) return [invalidValue(here, field, `is an invalid path: ${mistake}`)];
    const own: FieldError[] = [];
    if (field.startsWith('.metadata.')) own.push(invalidValue(here, field, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found?.type ?? '')) {
      const text =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      own.push(invalidValue(here, field, text));
    }
    if (seen.has(field)) own.push(duplicate(here, field));
    seen.add(field);
    return own;
  });
  return seen.size > MAX_SELECTABLE ? [...errors, tooMany(path, seen.size, MAX_SELECTABLE)] : errors;
}

/** The schema that a path of plain fields leads to, or what is wrong with the path. */
function pathIn(schema: Schema | undefined, path: string): [Schema | undefined, string | undefined] {
  let here = schema;
  const tokens = path.match(/[.\[\]]|[^.\[\]]+/gv) ?? [];
  for (let at = 0; at < tokens.length; at += 2) {
    const [sign = '', name] = [tokens[at], tokens[at + 1]];
    if (sign === '[') return [undefined, 'array notation is not allowed'];
    if (sign !== '.') return [undefined, `expected [ or . but got: ${sign}`];
    if (name === undefined) return [undefined, 'unexpected end of JSON path'];
    here = here?.properties !== undefined && Object.hasOwn(here.properties, name) ? here.properties[name] : undefined;
    if (here === undefined) return [undefined, 'does not refer to a valid field'];
  }
  return [here, undefined];
}

const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnErrors(column: NonNullable<Version['additionalPrinterColumns']>[number], path: string): FieldError[] {
  const types = ['boolean', 'date', 'integer', 'number', 'string'];
  const errors: FieldError[] = [];
  if (!column.name) errors.push(required(`${path}.name`));
  if (!column.type) errors.push(required(`${path}.type`, `must be one of ${types.join(',')}`));
  else if (!types.includes(column.type))
    errors.push(invalidValue(`${path}.type`, column.type, `must be one of ${types.join(',')}`));
  if (column.format && !columnFormats.includes(column.format))
    errors.push(invalidValue(`${path}.format`, column.format, `must be one of ${columnFormats.join(',')}`));
  if (!column.jsonPath) errors.push(required(`${path}.JSONPath`));
  else if (!column.jsonPath.startsWith('.'))
    errors.push(invalidValue(`${path}.JSONPath`, column.jsonPath, 'must be a simple json path starting with .'));
  return errors;
}

function scaleErrors(scale: NonNullable<Version['subresources']>['scale'], path: string): FieldError[] {
  if (scale === undefined) return [];
  const check = (name: keyof typeof scale, roots: string[], text: string): FieldError[] => {
    const value = scale[name];
    const here = `${path}.${name}`;
    if (!value) return name === 'labelSelectorPath' ? [] : [required(here)];
    if (!value.startsWith('.')) return [invalidValue(here, value, 'must be a simple json path starting with .')];
    return roots.some((root) => value.startsWith(root))
      ? []
      : [invalidValue(here, value, `should be a json path under ${text}`)];
  };
  return [
    ...check('specReplicasPath', ['.spec.'], '.spec'),
    ...check('statusReplicasPath', ['.status.'], '.status'),
    ...check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status'),
  ];
}

function conversionErrors(conversion: Spec['conversion']): FieldError[] {
  if (conversion === undefined) return [];
  const { strategy, webhook } = conversion;
  if (!strategy) return [required('spec.conversion.strategy')];
  if (!['None', 'Webhook'].includes(strategy))
    return [notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook'])];
  if (strategy === 'Webhook') {
    return [
      ...(webhook?.clientConfig === undefined
        ? [required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook')]
        : validateClientConfig(webhook.clientConfig, 'spec.conversion.webhookClientConfig')),
      ...(webhook?.conversionReviewVersions?.length
        ? validateReviewVersions(webhook.conversionReviewVersions, 'spec.conversion.conversionReviewVersions')
        : [required('spec.conversion.conversionReviewVersions')]),
    ];
  }
  return webhook?.clientConfig === undefined
    ? []
    : [forbiddenField('spec.conversion.webhookClientConfig', 'should not be set when strategy is not set to Webhook')];
}

function storedVersionErrors({ spec, status }: CustomResourceDefinition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [invalidValue(path, status?.storedVersions, 'must have at least one stored version')];
  const versions = spec.versions ?? [];
  // A name that comes twice is found once.
  const missing = versions.filter(
    ({ name, storage }, index) =>
      storage && (!stored.includes(name) || versions.findIndex((each) => each.name === name) < index),
  );
  const gone = stored.flatMap((name, index) => {
    if (versions.some((version) => version.name === name)) return [];
    const text = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return [invalidValue(`${path}[${index}]`, name, text)];
  });
  return [...missing.map(({ name }) => invalidValue(path, stored, `must have the storage version ${name}`)), ...gone];
}

function immutableErrors(object: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const established = isTrue(old, 'Established');
  const fields: [string, unknown, unknown][] = [
    ...(established
      ? ([
          ['spec.scope', object.spec.scope, old.spec.scope],
          ['spec.names.kind', object.spec.names.kind, old.spec.names.kind],
        ] as [string, unknown, unknown][])
      : []),
    ['spec.group', object.spec.group, old.spec.group],
    ['spec.names.plural', object.spec.names.plural, old.spec.names.plural],
  ];
  return fields
    .filter(([, now, before]) => now !== before)
    .map(([path, now]) => invalidValue(path, now, 'field is immutable'));
}

const approval = 'api-approved.kubernetes.io';

/** Groups of the community need an approval (apiextensions-apiserver/pkg/apihelpers/helpers.go). */
function approvalErrors(
  { spec, metadata }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec.group ?? '')) return [];
  const value = metadata.annotations?.[approval];
  if (old !== undefined && old.metadata.annotations?.[approval] === value) return [];
  const field = `metadata.annotations[${approval}]`;
  if (!value) {
    return [
      required(
        field,
        `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    ];
  }
  if (value.startsWith('unapproved') || /^[a-z]+:\/\/[^/]+/.test(value)) return [];
  return [
    invalidValue(
      field,
      value,
      `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`,
    ),
  ];
}

/** Formats that the schemas name and that nothing checks. */
export function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const known = (type: unknown, format: string): boolean => {
    if (type === 'integer') return ['int32', 'int64'].includes(format);
    if (type === 'number') return ['float', 'double'].includes(format);
    return (type === undefined || type === 'string') && isChecked(format);
  };
  const formats = (spec.versions ?? []).flatMap(({ schema }) => {
    const found: string[] = [];
    JSON.stringify(schema, (_, node: unknown) => {
      if (isObject(node) && typeof node['format'] === 'string' && !known(node['type'], node['format']))
        found.push(node['format']);
      return node;
    });
    return found;
  });
  return [...new Set(formats)];
}
