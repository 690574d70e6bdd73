/**
 * Whether a schema of a CustomResourceDefinition is structural and makes sense
 * (apiextensions-apiserver/pkg/apiserver/schema/validation.go, apis/apiextensions/validation/validation.go).
 */
import { goRegExp } from '../cel/regexp.ts';
import type { FieldError, Schema } from '../types.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../validation.ts';
import { compileRule, rulesOf, usesOldSelf } from './rules.ts';
import type { Rule } from './rules.ts';
import { prune } from './structural.ts';
import { underField, validateValue } from './validate-value.ts';

/** What may stand at the root beside a status subresource, in the words of the message. */
const rootNames =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'.split(
    ' ',
  );
const allowedAtRoot = rootNames.map((name) => name.toLowerCase());
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

type Level = 'root' | 'field' | 'item';

const emptyType: Record<Level, string> = {
  root: 'must not be empty at the root',
  field: 'must not be empty for specified object fields',
  item: 'must not be empty for specified array items',
};
const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** Errors of a whole schema. Rules are compiled only when everything else is right. */
export function validateSchema(schema: Schema, path: string, hasStatus: boolean): FieldError[] {
  const structure = [...structureErrors(schema, path), ...valueErrors(schema, path)].toSorted((a, b) =>
    a.field < b.field ? -1 : 1,
  );
  const keywords = keywordErrors(schema, path);
  const errors = [
    ...rootErrors(schema, path, hasStatus),
    // What cannot be read as a structural schema is not judged as one.
    ...(keywords.some(({ detail }) => detail?.endsWith('is not supported'))
      ? []
      : structure.length > 0
        ? structure
        : defaultErrors(schema, path)),
    ...keywords,
    ...listErrors(schema, path),
  ];
  return errors.length > 0
    ? errors
    : ruleErrors({ ...schema, 'x-kubernetes-embedded-resource': true }, path, undefined);
}

function rootErrors(schema: Schema, path: string, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.nullable === true) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  if (schema.type !== undefined && schema.type !== 'object')
    errors.push(invalidValue(`${path}.type`, schema.type, 'must be object at the root'));
  if (schema.additionalProperties !== undefined)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  if (
    hasStatus &&
    Object.keys(schema).some(
      (key) =>
        !allowedAtRoot.includes(
          key
            .replace(/^x-kubernetes-/, 'x')
            .replaceAll('-', '')
            .toLowerCase(),
        ),
    )
  ) {
    errors.push(
      invalidValue(
        path,
        schema,
        `only [${rootNames.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
      ),
    );
  }
  const metadata = schema.properties?.['metadata'];
  const names = Object.keys(metadata?.properties ?? {});
  if (metadata !== undefined && names.some((name) => name !== 'name' && name !== 'generateName')) {
    errors.push(
      forbiddenField(
        `${path}.properties[metadata]`,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  }
  return errors;
}

/** Applies a check to a schema and everything below it. */
function everywhere(
  schema: Schema,
  path: string,
  check: (schema: Schema, path: string, level: Level) => FieldError[],
  level: Level = 'root',
): FieldError[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    ...check(schema, path, level),
    ...Object.entries(properties).flatMap(([name, property]) =>
      everywhere(property, `${path}.properties[${name}]`, check, 'field'),
    ),
    ...(items === undefined ? [] : everywhere(items, `${path}.items`, check, 'item')),
    ...(typeof additionalProperties === 'object'
      ? everywhere(additionalProperties, `${path}.additionalProperties`, check, 'field')
      : []),
  ];
}

function structureErrors(schema: Schema, path: string): FieldError[] {
  return everywhere(schema, path, (node, here, at) => {
    const errors: FieldError[] = [];
    const untyped =
      node['x-kubernetes-int-or-string'] === true || node['x-kubernetes-preserve-unknown-fields'] === true;
    if (!node.type && !untyped) errors.push(required(`${here}.type`, emptyType[at]));
    if (node.type === 'array' && node.items === undefined) errors.push(required(`${here}.items`, 'must be specified'));
    if (node['x-kubernetes-embedded-resource'] === true && node.type !== undefined && node.type !== 'object') {
      errors.push(invalidValue(`${here}.type`, node.type, 'must be object if x-kubernetes-embedded-resource is true'));
    }
    if (node['x-kubernetes-int-or-string'] === true && node['x-kubernetes-preserve-unknown-fields'] === true) {
      errors.push(
        invalidValue(
          `${here}.x-kubernetes-preserve-unknown-fields`,
          true,
          'must be false if x-kubernetes-int-or-string is true',
        ),
      );
    }
    if (
      node['x-kubernetes-embedded-resource'] === true &&
      node['x-kubernetes-preserve-unknown-fields'] !== true &&
      node.properties === undefined
    ) {
      errors.push(
        required(
          `${here}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      );
    }
    return [...errors, ...junctionErrors(node, here)];
  });
}

/** Keywords that Kubernetes does not have, or not together. */
function keywordErrors(schema: Schema, path: string): FieldError[] {
  return everywhere(schema, path, (node, here) => {
    const errors: FieldError[] = unsupported
      .filter((keyword) => node[keyword] !== undefined)
      .map((keyword) => forbiddenField(`${here}.${keyword}`, `${keyword} is not supported`));
    if (node.type && !types.includes(node.type)) errors.unshift(notSupported(`${here}.type`, node.type, types));
    if (node['uniqueItems'] === true) {
      errors.push(
        forbiddenField(
          `${here}.uniqueItems`,
          'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
        ),
      );
    }
    if (
      node.properties !== undefined &&
      Object.keys(node.properties).length > 0 &&
      node.additionalProperties !== undefined &&
      node.additionalProperties !== true
    ) {
      errors.push(
        forbiddenField(`${here}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
      );
    }
    if (node['x-kubernetes-preserve-unknown-fields'] === false) {
      errors.push(invalidValue(`${here}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
    }
    return errors;
  });
}

/** Below allOf, anyOf, oneOf and not only values may be restricted. */
function junctionErrors(node: Schema, path: string): FieldError[] {
  const {
    allOf = [],
    anyOf = [],
    oneOf = [],
    not,
  } = node as { allOf?: Schema[]; anyOf?: Schema[]; oneOf?: Schema[]; not?: Schema };
  const intOrString = node['x-kubernetes-int-or-string'] === true;
  const parts = (list: Schema[], name: string): [Schema, string][] =>
    list.map((part, index) => [part, `${path}.${name}[${index}]`]);
  const nested = [
    ...parts(allOf, 'allOf'),
    ...(intOrString ? [] : parts(anyOf, 'anyOf')),
    ...parts(oneOf, 'oneOf'),
    ...(not === undefined ? [] : [[not, `${path}.not`] as [Schema, string]]),
  ];
  return nested.flatMap(([part, here]) =>
    everywhere(part, here, (sub, at) => [
      ...(sub.type && !intOrString ? [forbiddenField(`${at}.type`, 'must be empty to be structural')] : []),
      ...(sub.default === undefined ? [] : [forbiddenField(`${at}.default`, 'must be undefined to be structural')]),
      ...(sub.description ? [forbiddenField(`${at}.description`, 'must be empty to be structural')] : []),
      ...(sub.nullable === true ? [forbiddenField(`${at}.nullable`, 'must be false to be structural')] : []),
    ]),
  );
}

function valueErrors(schema: Schema, path: string): FieldError[] {
  return everywhere(schema, path, (node, here) => {
    const pattern = node['pattern'];
    if (typeof pattern !== 'string') return [];
    try {
      goRegExp(pattern);
      return [];
    } catch (error) {
      return [
        invalidValue(
          `${here}.pattern`,
          pattern,
          `must be a valid regular expression, but isn't: error parsing regexp: ${(error as Error).message}`,
        ),
      ];
    }
  });
}

function defaultErrors(schema: Schema, path: string): FieldError[] {
  return everywhere(schema, path, (node, here) => {
    const value = node.default;
    if (value === undefined) return [];
    const found = underField(validateValue(value, node, ''), `${here}.default`);
    const holder = { value: structuredClone(value) };
    const unknown = prune(holder, { type: 'object', properties: { value: node } });
    return [
      ...found,
      ...(unknown.length > 0 ? [invalidValue(`${here}.default`, value, 'must not have unknown fields')] : []),
    ];
  });
}

function listErrors(schema: Schema, path: string): FieldError[] {
  return everywhere(schema, path, (node, here) => {
    const errors: FieldError[] = [];
    const type = node['x-kubernetes-list-type'];
    const mapType = node['x-kubernetes-map-type'];
    const keys = node['x-kubernetes-list-map-keys'] ?? [];
    if (mapType !== undefined && node.type !== 'object')
      errors.push(invalidValue(`${here}.type`, node.type, 'must be object if x-kubernetes-map-type is specified'));
    if (mapType !== undefined && !['atomic', 'granular'].includes(mapType))
      errors.push(notSupported(`${here}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
    if (type !== undefined && node.type !== 'array')
      errors.push(invalidValue(`${here}.type`, node.type, 'must be array if x-kubernetes-list-type is specified'));
    if (type !== undefined && !['atomic', 'set', 'map'].includes(type))
      errors.push(notSupported(`${here}.x-kubernetes-list-type`, type, ['atomic', 'set', 'map']));
    if (keys.length > 0 && type !== 'map')
      errors.push(required(`${here}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty'));
    if (type === 'set' && node.items?.type === 'object' && node.items['x-kubernetes-map-type'] !== 'atomic') {
      errors.push(
        invalidValue(
          `${here}.items.x-kubernetes-map-type`,
          null,
          'must be atomic as item of a list with x-kubernetes-list-type=set',
        ),
      );
    }
    if ((type === 'map' || type === 'set') && node.items?.nullable === true) {
      errors.push(
        forbiddenField(`${here}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${type}`),
      );
    }
    return type === 'map' ? [...errors, ...listMapErrors(node, here, keys)] : errors;
  });
}

function listMapErrors({ items }: Schema, path: string, keys: string[]): FieldError[] {
  if (keys.length === 0)
    return [required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')];
  if (items?.type !== 'object')
    return [
      invalidValue(`${path}.items.type`, items?.type, "must be object if parent array's x-kubernetes-list-type is map"),
    ];
  return keys.flatMap((key) => {
    const property = items.properties?.[key];
    const here = `${path}.items.properties[${key}]`;
    if (property === undefined)
      return [invalidValue(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties')];
    if (property.type === 'array' || property.type === 'object') {
      return [
        invalidValue(
          `${here}.type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      ];
    }
    if (property.default === undefined && !items.required?.includes(key)) {
      return [
        required(
          `${here}.default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      ];
    }
    return property.nullable === true
      ? [forbiddenField(`${here}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable')]
      : [];
  });
}

/** @param uncorrelated path of the list whose elements have no old counterpart */
function ruleErrors(schema: Schema, path: string, uncorrelated: string | undefined): FieldError[] {
  const { properties = {}, items, additionalProperties } = schema;
  const inItems = schema['x-kubernetes-list-type'] === 'map' ? uncorrelated : (uncorrelated ?? path);
  return [
    ...rulesOf(schema).flatMap((_, index) =>
      oneRule(schema, index, `${path}.x-kubernetes-validations[${index}]`, uncorrelated),
    ),
    ...Object.entries(properties).flatMap(([name, property]) =>
      ruleErrors(property, `${path}.properties[${name}]`, uncorrelated),
    ),
    ...(items === undefined ? [] : ruleErrors(items, `${path}.items`, inItems)),
    ...(typeof additionalProperties === 'object'
      ? ruleErrors(additionalProperties, `${path}.additionalProperties`, uncorrelated)
      : []),
  ];
}

function oneRule(schema: Schema, index: number, path: string, uncorrelated: string | undefined): FieldError[] {
  const rule = rulesOf(schema)[index];
  if (!rule?.rule?.trim()) return [required(`${path}.rule`, 'rule is not specified')];
  const errors: FieldError[] = [];
  if (rule.message !== undefined && rule.message !== '' && !rule.message.trim())
    errors.push(invalidValue(`${path}.message`, rule.message, 'must be non-empty if specified'));
  if (/[\r\n]/.test(rule.message?.trim() ?? ''))
    errors.push(invalidValue(`${path}.message`, rule.message, 'must not contain line breaks'));
  if (/[\r\n]/.test(rule.rule.trim()) && !rule.message)
    errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (rule.reason !== undefined && !reasons.includes(rule.reason))
    errors.push(notSupported(`${path}.reason`, rule.reason, reasons));
  if (rule.fieldPath && !isFieldPath(rule.fieldPath, schema))
    errors.push(invalidValue(`${path}.fieldPath`, rule.fieldPath, 'must be a valid path'));
  try {
    const { type } = compileRule(rule.rule, schema, rule);
    if (type !== 'bool' && type !== 'dyn')
      errors.push(invalidValue(`${path}.rule`, internalForm(rule), 'cel expression must evaluate to a bool'));
    else if (uncorrelated !== undefined && usesOldSelf(rule)) {
      errors.push(
        invalidValue(
          `${path}.rule`,
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`,
        ),
      );
    }
  } catch (error) {
    errors.push(invalidValue(`${path}.rule`, internalForm(rule), (error as Error).message));
  }
  try {
    const type =
      rule.messageExpression === undefined ? 'string' : compileRule(rule.messageExpression, schema, rule).type;
    if (type !== 'string' && type !== 'dyn')
      errors.push(
        invalidValue(`${path}.messageExpression`, internalForm(rule), 'messageExpression must evaluate to a string'),
      );
  } catch (error) {
    errors.push(
      invalidValue(`${path}.messageExpression`, internalForm(rule), `messageExpression ${(error as Error).message}`),
    );
  }
  return errors;
}

/** A rule as the server's internal type shows it, with all its fields. */
function internalForm(rule: Rule): Record<string, unknown> {
  const { rule: text, message = '', messageExpression = '', reason = null, fieldPath = '' } = rule;
  return {
    Rule: text,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason,
    FieldPath: fieldPath,
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function isFieldPath(path: string, schema: Schema): boolean {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\['([^']*)'\]/g)];
  if (steps.map(([text]) => text).join('') !== path) return false;
  let here: Schema | undefined = schema;
  for (const [, name = '', quoted = name] of steps) {
    here =
      here?.properties?.[quoted] ??
      (typeof here?.additionalProperties === 'object' ? here.additionalProperties : undefined);
  }
  return here !== undefined;
}
