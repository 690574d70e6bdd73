/** Defaults and validation of ValidatingAdmissionPolicies and their bindings (pkg/apis/admissionregistration). */
import type { Rules } from '../builtin/resource.ts';
import type { FieldError, KubeObject } from '../types.ts';
import {
  duplicate,
  invalidValue,
  isQualifiedName,
  notSupported,
  required,
  validateLabelSelector,
} from '../validation.ts';
import { expressionMistake, variablesOf } from './conditions.ts';
import {
  defaultRules,
  validateFailurePolicy,
  validateMatchConditions,
  validateMatchPolicy,
  validateRule,
} from './configuration.ts';
import type { Variable } from '../cel/index.ts';
import type { BindingSpec, MatchResources, PolicySpec } from './policies.ts';
import { column } from '../builtin/columns.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

const specOf = (object: KubeObject): PolicySpec & BindingSpec => object['spec'] ?? {};
const specChanged = (object: KubeObject, old: KubeObject): boolean =>
  JSON.stringify(object['spec']) !== JSON.stringify(old['spec']);

function defaultMatch(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

function validateMatch(match: MatchResources, field: string): FieldError[] {
  const rules = (list: MatchResources['resourceRules'], name: string): FieldError[] =>
    (list ?? []).flatMap((rule, index) => validateRule(rule, `${field}.${name}[${index}]`));
  return [
    ...validateMatchPolicy(match.matchPolicy, `${field}.matchPolicy`),
    ...validateLabelSelector(match.namespaceSelector, `${field}.namespaceSelector`),
    ...validateLabelSelector(match.objectSelector, `${field}.objectSelector`),
    ...rules(match.resourceRules, 'resourceRules'),
    ...rules(match.excludeResourceRules, 'excludeResourceRules'),
  ];
}

function validateExpression(
  expression: string | undefined,
  types: string[],
  field: string,
  missing: string,
  known: Record<string, Variable>,
): FieldError[] {
  if (!expression?.trim()) return [required(field, missing)];
  const mistake = expressionMistake(expression.trim(), types, known);
  return mistake === undefined ? [] : [invalidValue(field, expression, mistake)];
}

function validateChecks(spec: PolicySpec, policy: string, known: Record<string, Variable>): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const missing = 'validations or auditAnnotations must contain at least one item';
  if (validations.length + auditAnnotations.length === 0)
    return [required('spec.validations', missing), required('spec.auditAnnotations', missing)];
  const errors = validations.flatMap(({ expression, message, messageExpression, reason }, index) => {
    const at = `spec.validations[${index}]`;
    return [
      ...validateExpression(expression, ['bool'], `${at}.expression`, 'expression is not specified', known),
      ...(messageExpression === undefined
        ? []
        : validateExpression(
            messageExpression,
            ['string'],
            `${at}.messageExpression`,
            'must be non-empty if specified',
            known,
          )),
      ...(message?.trim().includes('\n')
        ? [invalidValue(`${at}.message`, message, 'must not contain line breaks')]
        : []),
      ...(!message && expression?.trim().includes('\n')
        ? [required(`${at}.message`, 'message must be specified if expression contains line breaks')]
        : []),
      ...(reason === undefined || REASONS.includes(reason) ? [] : [notSupported(`${at}.reason`, reason, REASONS)]),
    ];
  });
  for (const [index, { key, valueExpression }] of auditAnnotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    const whole = `${policy}/${key}`;
    errors.push(
      ...isQualifiedName(whole).map((text) => invalidValue(`${at}.key`, whole, text)),
      ...validateExpression(
        valueExpression,
        ['string', 'null_type'],
        `${at}.valueExpression`,
        'valueExpression is not specified',
        known,
      ),
    );
    if (auditAnnotations.findIndex((each) => each.key === key) < index) errors.push(duplicate(`${at}.key`, key));
  }
  return errors;
}

function validateParamKind({ apiVersion, kind }: { apiVersion?: string; kind?: string }): FieldError[] {
  const field = 'spec.paramKind';
  const malformed = (apiVersion ?? '').split('/').length > 2;
  return [
    ...(apiVersion ? [] : [required(`${field}.apiVersion`)]),
    ...(malformed
      ? [invalidValue(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
      : []),
    ...(kind ? [] : [required(`${field}.kind`)]),
  ];
}

function validatePolicy(object: KubeObject): FieldError[] {
  const spec = specOf(object);
  const { matchConstraints, paramKind, variables = [] } = spec;
  const known = variablesOf(spec);
  return [
    ...validateFailurePolicy(spec.failurePolicy, 'spec.failurePolicy'),
    ...(paramKind === undefined ? [] : validateParamKind(paramKind)),
    ...(matchConstraints
      ? validateMatch(matchConstraints, 'spec.matchConstraints')
      : [required('spec.matchConstraints')]),
    ...(matchConstraints && !matchConstraints.resourceRules?.length
      ? [required('spec.matchConstraints.resourceRules')]
      : []),
    ...validateMatchConditions(spec.matchConditions, 'spec.matchConditions', known),
    ...variables.flatMap(({ name, expression }, index) => {
      const at = `spec.variables[${index}]`;
      const wrong = name ? [invalidValue(`${at}.name`, name, 'must be a valid CEL identifier')] : [];
      const names = name
        ? /^[A-Za-z_]\w*$/v.test(name)
          ? []
          : wrong
        : [required(`${at}.name`, 'name is not specified')];
      // A variable sees those before it.
      const before = variablesOf({ ...spec, variables: variables.slice(0, index) });
      return [
        ...names,
        ...validateExpression(expression, [], `${at}.expression`, 'expression is not specified', before),
      ];
    }),
    ...validateChecks(spec, object.metadata.name, known),
  ];
}

function validateBinding(object: KubeObject): FieldError[] {
  const { policyName, validationActions = [], matchResources } = specOf(object);
  const field = 'spec.validationActions';
  return [
    ...(policyName ? [] : [required('spec.policyName')]),
    ...(matchResources ? validateMatch(matchResources, 'spec.matchResources') : []),
    ...validationActions.flatMap((action, index) => [
      ...(ACTIONS.includes(action) ? [] : [notSupported(`${field}[${index}]`, action, ACTIONS)]),
      ...(validationActions.indexOf(action) < index ? [duplicate(`${field}[${index}]`, action)] : []),
    ]),
    ...(validationActions.includes('Deny') && validationActions.includes('Warn')
      ? [
          invalidValue(
            field,
            validationActions,
            'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
          ),
        ]
      : []),
    ...(validationActions.length === 0 ? [required(field, 'at least one validation action is required')] : []),
  ];
}

export const validatingAdmissionPolicyRules: Rules = {
  defaults(object) {
    const spec = specOf(object);
    spec.failurePolicy ??= 'Fail';
    defaultMatch(spec.matchConstraints);
  },
  validate: validatePolicy,
  generationOn: specChanged,
  unconditionalUpdate: false,
  columns: [
    column('Validations', (object) => specOf(object).validations?.length ?? 0, 'integer'),
    column('ParamKind', (object) => {
      const { paramKind } = specOf(object);
      return paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : '<unset>';
    }),
  ],
};

export const validatingAdmissionPolicyBindingRules: Rules = {
  defaults: (object) => defaultMatch(specOf(object).matchResources),
  validate: validateBinding,
  generationOn: specChanged,
  unconditionalUpdate: false,
  columns: [
    column('PolicyName', (object) => specOf(object).policyName ?? ''),
    column('ParamRef', (object) => {
      const { paramRef } = specOf(object);
      if (!paramRef) return '<unset>';
      return paramRef.name ? `${paramRef.namespace ?? '*'}/${paramRef.name}` : '<selector>';
    }),
  ],
};
