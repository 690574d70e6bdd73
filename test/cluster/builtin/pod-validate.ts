/** pkg/apis/core/validation/validation.go: ValidatePodSpec, as far as workloads of a test cluster can get it wrong. */
import type { FieldError, JsonObject } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isInRange,
  isQualifiedName,
  isValidIP,
  isValidLabelValue,
  notSupported,
  required,
  validateLabels,
  validateLabelSelector,
  validateOneOf,
  validateText,
} from '../validation.ts';
import {
  RESTARTS,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './container-validate.ts';
import type { PodSpec, Toleration } from './pod-types.ts';
import { validateIdentity } from './security-validate.ts';
import { validateVolumes } from './volume-validate.ts';

const MAX_INT32 = 2 ** 31 - 1;
const subdomain = (value: string): string[] => isDNS1123Subdomain(value);

/** ValidateTolerations */
export function validateTolerations(tolerations: Toleration[], path: string): FieldError[] {
  return tolerations.flatMap(({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, index) => {
    const at = `${path}[${index}]`;
    const errors = validateText(isQualifiedName, `${at}.key`, key);
    if (key === '' && operator !== 'Exists')
      errors.push(
        invalidValue(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === 'Exists' && value !== '')
      errors.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    if (!['', 'Equal', 'Exists'].includes(operator))
      errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    if (!['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect))
      errors.push(notSupported(`${at}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']));
    return errors;
  });
}

type Terms = JsonObject[] | undefined;
interface Requirement {
  key?: string;
  operator?: string;
  values?: string[];
}

/** ValidateNodeSelectorRequirement */
function validateNodeRequirement({ key = '', operator = '', values = [] }: Requirement, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (['In', 'NotIn'].includes(operator)) {
    if (values.length === 0)
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (['Exists', 'DoesNotExist'].includes(operator)) {
    if (values.length > 0)
      errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (['Gt', 'Lt'].includes(operator)) {
    if (values.length !== 1)
      errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  errors.push(...isQualifiedName(key).map((text) => invalidValue(`${at}.key`, key, text)));
  return [
    ...errors,
    ...values.flatMap((value, index) => validateText(isValidLabelValue, `${at}.values[${index}]`, value)),
  ];
}

function validateNodeTerm(term: JsonObject, at: string): FieldError[] {
  const requirements = (term['matchExpressions'] ?? []) as Requirement[];
  return requirements.flatMap((requirement, index) =>
    validateNodeRequirement(requirement, `${at}.matchExpressions[${index}]`),
  );
}

function validateWeight(term: JsonObject, at: string): FieldError[] {
  const weight = term['weight'] ?? 0;
  return (weight as number) >= 1 && (weight as number) <= 100
    ? []
    : [invalidValue(`${at}.weight`, weight, 'must be in the range 1-100')];
}

function validatePodTerm(term: JsonObject, at: string): FieldError[] {
  const topologyKey = (term['topologyKey'] ?? '') as string;
  return [
    ...validateLabelSelector(term['labelSelector'], `${at}.labelSelector`),
    ...(topologyKey === '' ? [required(`${at}.topologyKey`, 'can not be empty')] : []),
    ...isQualifiedName(topologyKey).map((text) => invalidValue(`${at}.topologyKey`, topologyKey, text)),
  ];
}

/** validateAffinity */
function validateAffinity(affinity: Record<string, Record<string, unknown>>, path: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  const [hard, soft] = [
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  ];
  const each = (terms: Terms, at: string, check: (term: JsonObject, at: string) => FieldError[]): FieldError[] =>
    (terms ?? []).flatMap((term, index) => check(term, `${at}[${index}]`));
  const part = (term: JsonObject, key: string): JsonObject => (term[key] ?? {}) as JsonObject;
  const pods = (rules: Record<string, unknown> | undefined, at: string): FieldError[] => [
    ...each(rules?.[hard] as Terms, `${at}.${hard}`, validatePodTerm),
    ...each(rules?.[soft] as Terms, `${at}.${soft}`, (term, field) => [
      ...validateWeight(term, field),
      ...validatePodTerm(part(term, 'podAffinityTerm'), `${field}.podAffinityTerm`),
    ]),
  ];
  const wanted = nodeAffinity?.[hard] as { nodeSelectorTerms?: JsonObject[] } | undefined;
  const terms = `${path}.nodeAffinity.${hard}.nodeSelectorTerms`;
  return [
    ...(wanted && !wanted.nodeSelectorTerms?.length
      ? [required(terms, 'must have at least one node selector term')]
      : each(wanted?.nodeSelectorTerms, terms, validateNodeTerm)),
    ...each(nodeAffinity?.[soft] as Terms, `${path}.nodeAffinity.${soft}`, (term, field) => [
      ...validateWeight(term, field),
      ...validateNodeTerm(part(term, 'preference'), `${field}.preference`),
    ]),
    ...pods(podAffinity, `${path}.podAffinity`),
    ...pods(podAntiAffinity, `${path}.podAntiAffinity`),
  ];
}

/** validateTopologySpreadConstraints */
function validateSpreading(constraints: JsonObject[], path: string): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey, whenUnsatisfiable = '' } = constraint;
    const errors: FieldError[] = [];
    if ((maxSkew as number) <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable as string))
      errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']));
    const same = constraints
      .slice(index + 1)
      .some((other) => other['topologyKey'] === topologyKey && other['whenUnsatisfiable'] === whenUnsatisfiable);
    const pair = `{${String(topologyKey)}, ${String(whenUnsatisfiable)}}`;
    if (same) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    return [...errors, ...validateLabelSelector(constraint['labelSelector'], `${at}.labelSelector`)];
  });
}

/** validatePodDNSConfig: who turns off the cluster's own must bring one. */
function validateDns(spec: PodSpec, path: string): FieldError[] {
  const config = spec['dnsConfig'] as
    { nameservers?: string[]; searches?: string[]; options?: { name?: string }[] } | undefined;
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (spec['dnsPolicy'] === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    if (nameservers.length === 0) return [required(`${path}.nameservers`, text)];
  }
  return [
    ...(nameservers.length > 3
      ? [invalidValue(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers')]
      : []),
    ...nameservers.flatMap((server, index) =>
      isValidIP(server).map((text) => invalidValue(`${path}.nameservers[${index}]`, server, text)),
    ),
    ...(searches.length > 32
      ? [invalidValue(`${path}.searches`, searches, 'must not have more than 32 search paths')]
      : []),
    ...options.flatMap(({ name }, index) => (name ? [] : [required(`${path}.options[${index}]`, 'must not be empty')])),
  ];
}

/** validatePodHostNetworkDeps, validateHostUsers and the rest of what sharing with the host excludes. */
function validateHost(spec: PodSpec, path: string): FieldError[] {
  const ports = (spec.hostNetwork ? (spec.containers ?? []) : []).flatMap(({ ports: given = [] }, index) =>
    given.flatMap(({ hostPort, containerPort }, position) => {
      const field = `${path}.containers[${index}].ports[${position}].hostPort`;
      const text = 'must match `containerPort` when `hostNetwork` is true';
      return hostPort && hostPort !== containerPort ? [invalidValue(field, hostPort, text)] : [];
    }),
  );
  const shared = spec['shareProcessNamespace'] === true && spec['hostPID'] === true;
  const field = `${path}.securityContext.shareProcessNamespace`;
  const text = 'ShareProcessNamespace and HostPID cannot both be enabled';
  const alone = spec['hostUsers'] === false ? ['hostNetwork', 'hostPID', 'hostIPC'].filter((key) => spec[key]) : [];
  // Two of the fields are named with a capital letter, as in Kubernetes.
  const named = (key: string): string => (key === 'hostNetwork' ? key : `H${key.slice(1)}`);
  return [
    ...ports,
    ...(shared ? [invalidValue(field, true, text)] : []),
    ...alone.map((key) => forbiddenField(`${path}.${named(key)}`, 'when `hostUsers` is false')),
  ];
}

/** validateSleepAction: a hook may not sleep longer than the pod is given to end. */
function validateSleep(spec: PodSpec, path: string): FieldError[] {
  const grace = spec.terminationGracePeriodSeconds ?? 0;
  return (spec.containers ?? []).flatMap((container, index) =>
    Object.entries((container['lifecycle'] ?? {}) as Record<string, { sleep?: { seconds?: number } }>).flatMap(
      ([hook, { sleep }]) => {
        const seconds = sleep?.seconds ?? 0;
        const text = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
        const at = `${path}[${index}].lifecycle.${hook}.sleep`;
        return seconds < 0 || seconds > grace ? [invalidValue(at, seconds, text)] : [];
      },
    ),
  );
}

/** validateOS */
function validateSystem({ name }: { name?: string }, path: string): FieldError[] {
  if (!name) return [required(`${path}.name`)];
  return ['linux', 'windows'].includes(name) ? [] : [notSupported(path, name, ['linux', 'windows'])];
}

function validateHostAliases(aliases: { ip?: string; hostnames?: string[] }[], path: string): FieldError[] {
  return aliases.flatMap(({ ip = '', hostnames = [] }, index) => [
    ...isValidIP(ip).map((text) => invalidValue(`${path}[${index}].ip`, ip, text)),
    ...hostnames.flatMap((name, position) => validateText(subdomain, `${path}[${index}].hostnames[${position}]`, name)),
  ]);
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const gates = (spec.schedulingGates ?? []).map(({ name }) => name);
  return [
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
      validateText(isQualifiedName, `${path}.readinessGates[${index}].conditionType`, conditionType),
    ),
    ...gates.flatMap((name, index) => [
      ...isQualifiedName(name).map((text) => invalidValue(`${path}.schedulingGates[${index}]`, name, text)),
      ...(gates.indexOf(name) < index ? [duplicate(`${path}.schedulingGates[${index}]`, name)] : []),
    ]),
  ];
}

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** ValidatePodSpec; `path` is where the spec is, in a pod or in a template. */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const { names, errors } = validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  const { activeDeadlineSeconds } = spec;
  const named = (key: string, check: (value: string) => string[]): FieldError[] =>
    validateText(check, `${path}.${key}`, spec[key]);
  const optional = (key: string, check: (value: never, path: string) => FieldError[]): FieldError[] =>
    spec[key] === undefined ? [] : check(spec[key] as never, `${path}.${key}`);
  return [
    ...errors,
    ...validateContainers(spec.containers ?? [], names, `${path}.containers`),
    ...validateSleep(spec, `${path}.containers`),
    ...validateInitContainers(spec, names, `${path}.initContainers`),
    ...validateEphemeralContainers(spec, names, `${path}.ephemeralContainers`),
    ...validateHost(spec, path),
    ...validateOneOf(RESTARTS, `${path}.restartPolicy`, spec.restartPolicy),
    ...validateOneOf(DNS_POLICIES, `${path}.dnsPolicy`, spec['dnsPolicy']),
    ...validateLabels(spec['nodeSelector'] as Record<string, string> | undefined, `${path}.nodeSelector`),
    ...optional('securityContext', validateIdentity),
    ...optional('affinity', validateAffinity),
    ...validateDns(spec, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...optional('topologySpreadConstraints', validateSpreading),
    ...named('serviceAccountName', subdomain),
    ...named('nodeName', subdomain),
    ...(activeDeadlineSeconds === undefined ? [] : isInRange(activeDeadlineSeconds, 1, MAX_INT32)).map((text) =>
      invalidValue(`${path}.activeDeadlineSeconds`, activeDeadlineSeconds, text),
    ),
    ...named('hostname', isDNS1123Label),
    ...named('subdomain', isDNS1123Label),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...optional('hostAliases', validateHostAliases),
    ...named('priorityClassName', subdomain),
    ...optional('os', validateSystem),
  ];
}
