/** The ValidatingAdmissionPolicy plugin (apiserver/pkg/admission/plugin/policy/validating). */
import { StatusError, forbidden } from '../status.ts';
import { labelSelectorMatches } from '../selectors.ts';
import type { LabelSelector } from '../selectors.ts';
import type { AdmissionAttributes, Authorizer, KubeObject, Resource } from '../types.ts';
import type { AuditTrail } from './audit.ts';
import { POLICY_VARIABLES, conditionsHold, evaluate, requestAuthorizer } from './conditions.ts';
import { inVersion, matchedResource, ruleMatches } from './match.ts';
import type { Scene } from './match.ts';
import { admissionRequest } from './review.ts';
import type { MatchCondition, Rule } from './webhooks.ts';

interface NamedRule extends Rule {
  resourceNames?: string[];
}

export interface MatchResources {
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  resourceRules?: NamedRule[];
  excludeResourceRules?: NamedRule[];
  matchPolicy?: string;
}

export interface PolicySpec {
  failurePolicy?: string;
  paramKind?: { apiVersion: string; kind: string };
  matchConstraints?: MatchResources;
  matchConditions?: MatchCondition[];
  variables?: { name: string; expression: string }[];
  validations?: { expression: string; message?: string; messageExpression?: string; reason?: string }[];
  auditAnnotations?: { key: string; valueExpression: string }[];
}

export interface BindingSpec {
  policyName?: string;
  paramRef?: { name?: string; namespace?: string; selector?: LabelSelector; parameterNotFoundAction?: string };
  matchResources?: MatchResources;
  validationActions?: string[];
}

/** Reasons and their codes: validating/policy_decision.go. */
const CODES: Record<string, number> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

interface Finding {
  message: string;
  reason: string;
}

function named(rules: NamedRule[] | undefined, name: string): NamedRule[] {
  return (rules ?? []).filter(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(name));
}

/** matching.Matcher: undefined when the constraints do not meet the request; no rules (of a binding) meet every resource. */
function matched(constraints: MatchResources, attributes: AdmissionAttributes, cluster: Scene): Resource | undefined {
  const {
    resourceRules,
    excludeResourceRules,
    namespaceSelector = {},
    objectSelector = {},
    matchPolicy = 'Equivalent',
  } = constraints;
  const excluded = named(excludeResourceRules, attributes.name).some((rule) =>
    ruleMatches(rule, attributes, attributes.resource),
  );
  if (excluded) return undefined;
  const any = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*', '*'] };
  const rules = resourceRules?.length ? named(resourceRules, attributes.name) : [any];
  return matchedResource({ rules, matchPolicy, namespaceSelector, objectSelector }, attributes, cluster);
}

/** generic.CollectParams. @throws Error when there are none and the binding wants some. */
function paramsOf(
  policy: PolicySpec,
  binding: BindingSpec,
  namespace: string | undefined,
  { store, registry }: Scene,
): unknown[] {
  const { paramKind } = policy;
  const { paramRef } = binding;
  if (!paramKind || !paramRef) return [null];
  const [version = '', group = ''] = paramKind.apiVersion.split('/').reverse();
  const resource = registry.findKind(group, version, paramKind.kind);
  if (resource === undefined)
    throw new Error(`paramKind kind \`${group}/${version}, Kind=${paramKind.kind}\` not known`);
  const place = resource.namespaced ? (paramRef.namespace ?? namespace) : undefined;
  if (resource.namespaced && !place)
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const all = store.list(resource.storageKey, place);
  const found = all.filter(({ metadata }) =>
    paramRef.name ? metadata.name === paramRef.name : labelSelectorMatches(paramRef.selector, metadata.labels),
  );
  if (found.length === 0 && paramRef.parameterNotFoundAction !== 'Allow')
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found;
}

/** The variables that an expression needs, and those they need, evaluated in their order; others may fail without harm. */
function withVariables(spec: PolicySpec, expression: string, values: Record<string, unknown>): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  const list = spec.variables ?? [];
  const uses = (text: string, name: string): boolean => new RegExp(`\\bvariables\\.${name}\\b`).test(text);
  const needed = new Set<string>();
  let texts = [expression];
  while (texts.length > 0) {
    const found = list.filter(({ name }) => !needed.has(name) && texts.some((text) => uses(text, name)));
    for (const { name } of found) needed.add(name);
    texts = found.map((variable) => variable.expression);
  }
  for (const { name, expression: text } of list)
    if (needed.has(name)) variables[name] = evaluate(text, { ...values, variables }, POLICY_VARIABLES);
  return { ...values, variables };
}

const reasonOf = (error: unknown): string => (error as Error).message;

function findings(spec: PolicySpec, values: Record<string, unknown>): Finding[] {
  const failed = (error: unknown): Finding[] =>
    spec.failurePolicy === 'Ignore' ? [] : [{ message: reasonOf(error), reason: 'Invalid' }];
  try {
    if (!conditionsHold(spec.matchConditions ?? [], values, POLICY_VARIABLES)) return [];
  } catch (error) {
    return failed(error);
  }
  return (spec.validations ?? []).flatMap(({ expression, message, messageExpression, reason = 'Invalid' }) => {
    try {
      if (evaluate(expression, withVariables(spec, expression, values), POLICY_VARIABLES) === true) return [];
    } catch (error) {
      return failed(error);
    }
    let text: unknown;
    try {
      if (messageExpression)
        text = evaluate(messageExpression, withVariables(spec, messageExpression, values), POLICY_VARIABLES);
    } catch {
      // A message that cannot be made is replaced by the fixed one.
    }
    const made = typeof text === 'string' && !text.trim().includes('\n') && text.length <= 5 * 1024 ? text.trim() : '';
    return [{ message: made || message?.trim() || `failed expression: ${expression.trim()}`, reason }];
  });
}

function annotations(policy: string, spec: PolicySpec, values: Record<string, unknown>, trail: AuditTrail): Finding[] {
  return (spec.auditAnnotations ?? []).flatMap(({ key, valueExpression }) => {
    try {
      const value = evaluate(valueExpression, withVariables(spec, valueExpression, values), POLICY_VARIABLES);
      if (typeof value === 'string' && value.trim() !== '')
        trail.annotate(`${policy}/${key}`, value.trim().slice(0, 10 * 1024));
      return [];
    } catch (error) {
      return spec.failurePolicy === 'Ignore' ? [] : [{ message: reasonOf(error), reason: 'Invalid' }];
    }
  });
}

/** Judges the request by all policies through their bindings. @throws StatusError the first denial. */
export function applyPolicies(
  attributes: AdmissionAttributes,
  policies: KubeObject[],
  bindings: KubeObject[],
  cluster: Scene & { authorizer: Authorizer },
  trail: AuditTrail,
): void {
  const denials: { finding: Finding; policy: string; binding?: string }[] = [];
  for (const { metadata, ...fields } of policies) {
    const policy = metadata.name;
    const spec = (fields['spec'] ?? {}) as PolicySpec;
    const own = bindings.filter((each) => (each['spec'] as BindingSpec | undefined)?.policyName === policy);
    const resource = own.length > 0 ? matched(spec.matchConstraints ?? {}, attributes, cluster) : undefined;
    if (resource === undefined) continue;
    for (const { metadata: bindingMeta, ...bindingFields } of own) {
      const binding = bindingMeta.name;
      const bindingSpec = bindingFields['spec'] as BindingSpec;
      if (!matched(bindingSpec.matchResources ?? {}, attributes, cluster)) continue;
      let params: unknown[];
      try {
        params = paramsOf(spec, bindingSpec, attributes.namespace, cluster);
      } catch (error) {
        const message = `failed to configure binding: ${reasonOf(error)}`;
        if (spec.failurePolicy !== 'Ignore') denials.push({ finding: { message, reason: 'Invalid' }, policy, binding });
        continue;
      }
      const isNamespace = resource.kind === 'Namespace' && resource.group === '';
      const namespaced = attributes.namespace && !isNamespace;
      const values = {
        object: inVersion(attributes.object, resource) ?? null,
        oldObject: inVersion(attributes.oldObject, resource) ?? null,
        request: admissionRequest(attributes, resource),
        authorizer: requestAuthorizer(attributes, cluster.authorizer),
        namespaceObject: namespaced
          ? (cluster.store.get('namespaces', undefined, attributes.namespace ?? '') ?? null)
          : null,
      };
      for (const param of params) {
        const given = { ...values, params: param, variables: {} };
        for (const [index, finding] of findings(spec, given).entries())
          for (const action of bindingSpec.validationActions ?? []) {
            const { message } = finding;
            if (action === 'Deny') denials.push({ finding, policy, binding });
            if (action === 'Warn')
              attributes.warn(
                `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`,
              );
            if (action === 'Audit')
              trail.annotate(
                'validation.policy.admission.k8s.io/validation_failure',
                JSON.stringify([
                  {
                    message,
                    policy,
                    binding,
                    expressionIndex: index,
                    validationActions: bindingSpec.validationActions,
                  },
                ]),
              );
          }
        for (const finding of annotations(policy, spec, given, trail)) denials.push({ finding, policy, binding });
      }
    }
  }
  const [first] = denials;
  if (first === undefined) return;
  const message = `ValidatingAdmissionPolicy '${first.policy}' with binding '${first.binding}' denied request: ${first.finding.message}`;
  const { status } = forbidden(
    attributes.resource,
    attributes.name || (attributes.object?.metadata.generateName ?? ''),
    message,
  );
  const { reason } = first.finding;
  throw new StatusError({
    ...status,
    reason,
    code: CODES[reason] ?? 422,
    details: { ...status.details, causes: [{ message }] },
  });
}
