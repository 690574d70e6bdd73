/** Defaults and validation of webhook configurations (pkg/apis/admissionregistration/{v1/defaults,validation/validation}.go). */
import type { Rules } from '../builtin/resource.ts';
import { column } from '../builtin/columns.ts';
import type { FieldError, KubeObject } from '../types.ts';
import {
  duplicate,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPortNumber,
  notSupported,
  required,
  tooMany,
  validateLabelSelector,
} from '../validation.ts';
import { expressionMistake } from './conditions.ts';
import { webhooksOf } from './webhooks.ts';
import type { ClientConfig, MatchCondition, Rule, ServiceReference, Webhook } from './webhooks.ts';

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];

/** Rules of webhooks and policies match every scope unless they say otherwise. */
export function defaultRules(rules: Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

function oneOf(value: string | undefined, field: string, supported: string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

function onlyWildcard(values: string[], field: string, what: string): FieldError[] {
  if (values.length < 2 || !values.includes('*')) return [];
  return [invalidValue(field, values, `if '*' is present, must not specify other ${what}`)];
}

function validateResources(resources: string[], field: string): FieldError[] {
  if (resources.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const allSubresources = new Set<string>();
  const anyResource = new Set<string>();
  let plain = false;
  for (const [index, entry] of resources.entries()) {
    if (entry === '') {
      errors.push(required(`${field}[${index}]`));
      continue;
    }
    const slash = entry.indexOf('/');
    if (slash < 0) {
      plain = entry !== '*';
      continue;
    }
    const [resource, subresource] = [entry.slice(0, slash), entry.slice(slash + 1)];
    const overlap = (present: string): number =>
      errors.push(invalidValue(`${field}[${index}]`, entry, `if '${present}' is present, must not specify ${entry}`));
    if (allSubresources.has(resource)) overlap(`${resource}/*`);
    if (anyResource.has(subresource)) overlap(`*/${subresource}`);
    if (subresource === '*') allSubresources.add(resource);
    if (resource === '*') anyResource.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && plain)
    errors.push(
      invalidValue(field, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

export function validateRule(rule: Rule, field: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule as Partial<Rule>;
  return [
    ...(operations.length === 0 ? [required(`${field}.operations`)] : []),
    ...onlyWildcard(operations, `${field}.operations`, 'operations'),
    ...operations.flatMap((operation, index) =>
      oneOf(operation, `${field}.operations[${index}]`, ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']),
    ),
    ...(apiGroups.length === 0 ? [required(`${field}.apiGroups`)] : []),
    ...onlyWildcard(apiGroups, `${field}.apiGroups`, 'API groups'),
    ...(apiVersions.length === 0 ? [required(`${field}.apiVersions`)] : []),
    ...onlyWildcard(apiVersions, `${field}.apiVersions`, 'API versions'),
    ...apiVersions.flatMap((version, index) => (version === '' ? [required(`${field}.apiVersions[${index}]`)] : [])),
    ...validateResources(resources, `${field}.resources`),
    ...oneOf(scope, `${field}.scope`, ['*', 'Cluster', 'Namespaced']),
  ];
}

export function validateFailurePolicy(policy: string | undefined, field: string): FieldError[] {
  return oneOf(policy, field, ['Fail', 'Ignore']);
}

export function validateMatchPolicy(policy: string | undefined, field: string): FieldError[] {
  return oneOf(policy, field, ['Equivalent', 'Exact']);
}

/** Which versions of a review a webhook takes: of admission as of conversion. */
export function validateReviewVersions(versions: string[], field: string): FieldError[] {
  if (versions.length === 0) return [required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`)];
  const errors = versions.flatMap((version, index) => {
    if (versions.indexOf(version) < index) return [invalidValue(`${field}[${index}]`, version, 'duplicate version')];
    return isDNS1035Label(version).map((text) => invalidValue(`${field}[${index}]`, version, text));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidValue(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  return errors;
}

/** validation.IsFullyQualifiedName */
function validateName(name: string | undefined, field: string): FieldError[] {
  if (!name) return [required(field)];
  const wrong = isDNS1123Subdomain(name);
  if (wrong.length > 0) return [invalidValue(field, name, wrong.join(','))];
  if (name.split('.').length < 3)
    return [invalidValue(field, name, 'should be a domain with at least three segments separated by dots')];
  return [];
}

function validateUrl(url: string, field: string): FieldError[] {
  const form = '; desired format: https://host[/path]';
  const parts =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(url);
  const [, scheme = '', user, host = '', query, fragment] = parts ?? [];
  return [
    ...(scheme === 'https' ? [] : [invalidValue(field, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(host === '' ? [invalidValue(field, host, `host must be specified${form}`)] : []),
    ...(user === undefined ? [] : [invalidValue(field, user, 'user information is not permitted in the URL')]),
    ...(fragment ? [invalidValue(field, fragment, 'fragments are not permitted in the URL')] : []),
    ...(query ? [invalidValue(field, query, 'query parameters are not permitted in the URL')] : []),
  ];
}

function validateService(service: Partial<ServiceReference>, field: string): FieldError[] {
  const { name, namespace, port, path = '' } = service;
  const ports = isValidPortNumber(port);
  // Kubernetes passes name and namespace in the wrong order here, so each is reported as the other.
  const errors = [
    ...(namespace ? [] : [required(`${field}.name`)]),
    ...(name ? [] : [required(`${field}.namespace`)]),
    ...(ports.length > 0 ? [invalidValue(`${field}.port`, port, `port is not valid: ${ports.join(', ')}`)] : []),
  ];
  if (path === '' || path === '/') return errors;
  const wrong = (text: string): number => errors.push(invalidValue(`${field}.path`, path, text));
  if (path === '//') {
    wrong('segment[0] may not be empty');
    return errors;
  }
  if (!path.startsWith('/')) wrong("must start with a '/'");
  for (const [index, step] of path.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (step === '') wrong(`segment[${index}] may not be empty`);
    else for (const text of isDNS1123Subdomain(step)) wrong(`segment[${index}]: ${text}`);
  }
  return errors;
}

/** Where a webhook is: a URL or a Service. */
export function validateClientConfig(config: ClientConfig | undefined, field: string): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined))
    return [required(field, 'exactly one of url or service is required')];
  if (url !== undefined) return validateUrl(url, `${field}.url`);
  return validateService(service ?? {}, `${field}.service`);
}

export function validateMatchConditions(
  conditions: Partial<MatchCondition>[] | undefined,
  field: string,
  variables?: Parameters<typeof expressionMistake>[2],
): FieldError[] {
  const list = conditions ?? [];
  const errors = list.length > 64 ? [tooMany(field, list.length, 64)] : [];
  const names = new Set<string>();
  for (const [index, { name = '', expression = '' }] of list.entries()) {
    const at = `${field}[${index}]`;
    if (expression.trim() === '') errors.push(required(`${at}.expression`));
    else {
      const mistake = expressionMistake(expression.trim(), ['bool'], variables);
      if (mistake !== undefined) errors.push(invalidValue(`${at}.expression`, expression.trim(), mistake));
    }
    if (name === '') errors.push(required(`${at}.name`));
    else errors.push(...isQualifiedName(name).map((text) => invalidValue(`${at}.name`, name, text)));
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  return errors;
}

function validateWebhook(hook: Webhook, field: string): FieldError[] {
  const { name, rules, sideEffects, timeoutSeconds } = hook;
  const inRange = timeoutSeconds >= 1 && timeoutSeconds <= 30;
  return [
    ...validateName(name, `${field}.name`),
    ...(rules ?? []).flatMap((rule, index) => validateRule(rule, `${field}.rules[${index}]`)),
    ...validateFailurePolicy(hook.failurePolicy, `${field}.failurePolicy`),
    ...validateMatchPolicy(hook.matchPolicy, `${field}.matchPolicy`),
    ...(sideEffects === undefined
      ? [required(`${field}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`)]
      : oneOf(sideEffects, `${field}.sideEffects`, SIDE_EFFECTS)),
    ...(inRange
      ? []
      : [
          invalidValue(`${field}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
        ]),
    ...validateLabelSelector(hook.namespaceSelector, `${field}.namespaceSelector`),
    ...validateLabelSelector(hook.objectSelector, `${field}.objectSelector`),
    ...oneOf(hook.reinvocationPolicy, `${field}.reinvocationPolicy`, ['IfNeeded', 'Never']),
    ...validateClientConfig(hook.clientConfig, `${field}.clientConfig`),
    ...validateMatchConditions(hook.matchConditions, `${field}.matchConditions`),
    ...validateReviewVersions(hook.admissionReviewVersions ?? [], `${field}.admissionReviewVersions`),
  ];
}

function validateConfiguration(object: KubeObject): FieldError[] {
  const hooks = webhooksOf(object);
  return hooks.flatMap((hook, index) => {
    const field = `webhooks[${index}]`;
    const twice = hook.name && hooks.findIndex(({ name }) => name === hook.name) < index;
    return [...validateWebhook(hook, field), ...(twice ? [duplicate(`${field}.name`, hook.name)] : [])];
  });
}

function configurationRules(mutating: boolean): Rules {
  return {
    defaults(object) {
      for (const hook of webhooksOf(object)) {
        hook.failurePolicy ??= 'Fail';
        hook.matchPolicy ??= 'Equivalent';
        hook.namespaceSelector ??= {};
        hook.objectSelector ??= {};
        hook.timeoutSeconds ??= 10;
        if (mutating) hook.reinvocationPolicy ??= 'Never';
        if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
        defaultRules(hook.rules);
      }
    },
    validate: validateConfiguration,
    unconditionalUpdate: false,
    generationOn: (object, old) => JSON.stringify(object['webhooks'] ?? []) !== JSON.stringify(old['webhooks'] ?? []),
    columns: [column('Webhooks', (object) => webhooksOf(object).length, 'integer')],
  };
}

export const mutatingWebhookConfigurationRules: Rules = configurationRules(true);
export const validatingWebhookConfigurationRules: Rules = configurationRules(false);
