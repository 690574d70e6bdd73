/** pkg/apis/core/validation/validation.go: ValidatePodSpec, as far as workloads of a test cluster can get it wrong. */
import { isDeepStrictEqual } from 'node:util';
import { parseQuantity } from '../cel/quantity.ts';
import type { FieldError } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isInRange,
  isValidPortName,
  isValidPortNumber,
  notFoundValue,
  notSupported,
  required,
  validateLabels,
} from '../validation.ts';
import type { Container, ContainerPort, EnvVar, PodSpec, Probe, Toleration, Volume } from './pod-types.ts';

const MAX_INT32 = 2 ** 31 - 1;

const rule = (check: (value: string) => string[], field: string, value: string): FieldError[] =>
  check(value).map((text) => invalidValue(field, value, text));

const oneOf = (values: string[], field: string, value: string | undefined): FieldError[] => {
  if (!value) return [required(field)];
  return values.includes(value) ? [] : [notSupported(field, value, values)];
};

function validateVolumes(volumes: Volume[], path: string): { names: Set<string>; errors: FieldError[] } {
  const names = new Set<string>();
  const errors = volumes.flatMap((volume, index) => {
    const { name = '', ...sources } = volume;
    const at = `${path}[${index}]`;
    const found: FieldError[] = [];
    for (const extra of Object.keys(sources).slice(1))
      found.push(forbiddenField(`${at}.${extra}`, 'may not specify more than 1 volume type'));
    if (name === '') found.push(required(`${at}.name`));
    else found.push(...rule(isDNS1123Label, `${at}.name`, name));
    if (names.has(name)) found.push(duplicate(`${at}.name`, name));
    if (found.length === 0) names.add(name);
    return found;
  });
  return { names, errors };
}

function validatePorts(ports: ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (name) {
      const bad = rule(isValidPortName, `${at}.name`, name);
      errors.push(...(bad.length === 0 && names.has(name) ? [duplicate(`${at}.name`, name)] : bad));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${at}.containerPort`));
    else
      for (const text of isValidPortNumber(containerPort))
        errors.push(invalidValue(`${at}.containerPort`, containerPort, text));
    if (hostPort)
      for (const text of isValidPortNumber(hostPort)) errors.push(invalidValue(`${at}.hostPort`, hostPort, text));
    return [...errors, ...oneOf(['SCTP', 'TCP', 'UDP'], `${at}.protocol`, protocol)];
  });
}

function validateEnv(variables: EnvVar[], path: string): FieldError[] {
  return variables.flatMap(({ name = '', value, valueFrom }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(`${at}.name`));
    // IsRelaxedEnvVarName
    else if (!/^[\x20-\x3c\x3e-\x7e]*$/v.test(name)) {
      const text = "a valid environment variable name must consist only of printable ASCII characters other than '='";
      errors.push(invalidValue(`${at}.name`, name, text));
    }
    if (!valueFrom) return errors;
    const sources = Object.keys(valueFrom).length;
    const wrong = (text: string): number => errors.push(invalidValue(`${at}.valueFrom`, '', text));
    if (sources === 0)
      wrong('must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
    else if (value) wrong('may not be specified when `value` is not empty');
    else if (sources > 1) wrong('may not have more than one field specified at a time');
    return errors;
  });
}

function validateMounts(container: Container, volumes: Set<string>, path: string): FieldError[] {
  const paths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap(({ name = '', mountPath = '' }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name));
    if (mountPath === '') errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    return errors;
  });
}

function validateResources({ resources }: Container, path: string): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const negative = (list: Record<string, string>, field: string): FieldError[] =>
    Object.entries(list).flatMap(([name, text]) =>
      (parseQuantity(text)?.nanos ?? 0n) < 0n
        ? [invalidValue(`${field}[${name}]`, text, 'must be greater than or equal to 0')]
        : [],
    );
  const above = Object.entries(requests).flatMap(([name, text]) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    const request = parseQuantity(text);
    const most = limit === undefined ? undefined : parseQuantity(limit);
    if (!request || !most || request.compare(most) <= 0) return [];
    return [invalidValue(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`)];
  });
  return [...negative(limits, `${path}.limits`), ...negative(requests, `${path}.requests`), ...above];
}

function validateProbe(probe: Probe | undefined, field: string, onlyOneSuccess: boolean): FieldError[] {
  if (!probe) return [];
  const errors: FieldError[] = [];
  const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc'].filter((name) => Object.hasOwn(probe, name));
  if (handlers.length === 0) errors.push(required(field, 'must specify a handler type'));
  for (const extra of handlers.slice(1))
    errors.push(forbiddenField(`${field}.${extra}`, 'may not specify more than 1 handler type'));
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    const value = probe[name];
    if (typeof value === 'number' && value < 0)
      errors.push(invalidValue(`${field}.${name}`, value, 'must be greater than or equal to 0'));
  }
  if (onlyOneSuccess && probe.successThreshold !== 1)
    errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  return errors;
}

function validateContainer(container: Container, volumes: Set<string>, at: string): FieldError[] {
  const { name, image, ports = [], env = [] } = container;
  const termination = container['terminationMessagePolicy'] as string | undefined;
  return [
    ...(name ? rule(isDNS1123Label, `${at}.name`, name) : [required(`${at}.name`)]),
    ...(image ? [] : [required(`${at}.image`)]),
    ...oneOf(['File', 'FallbackToLogsOnError'], `${at}.terminationMessagePolicy`, termination),
    ...validatePorts(ports, `${at}.ports`),
    ...validateEnv(env, `${at}.env`),
    ...validateMounts(container, volumes, `${at}.volumeMounts`),
    ...oneOf(['Always', 'IfNotPresent', 'Never'], `${at}.imagePullPolicy`, container.imagePullPolicy),
    ...validateResources(container, `${at}.resources`),
  ];
}

function validateProbes(container: Container, at: string): FieldError[] {
  return [
    ...validateProbe(container.livenessProbe, `${at}.livenessProbe`, true),
    ...validateProbe(container.readinessProbe, `${at}.readinessProbe`, false),
    ...validateProbe(container.startupProbe, `${at}.startupProbe`, true),
  ];
}

const RESTARTS = ['Always', 'OnFailure', 'Never'];

function validateContainers(containers: Container[], volumes: Set<string>, path: string): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string | undefined>();
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = validateContainer(container, volumes, at);
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name ?? ''));
    names.add(container.name);
    errors.push(...validateProbes(container, at));
    const { restartPolicy } = container;
    return restartPolicy === undefined ? errors : [...errors, ...oneOf(RESTARTS, `${at}.restartPolicy`, restartPolicy)];
  });
}

function validateInitContainers(spec: PodSpec, volumes: Set<string>, path: string): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = validateContainer(container, volumes, at);
    const { name, restartPolicy } = container;
    if (restartPolicy !== undefined) errors.push(...oneOf(RESTARTS, `${at}.restartPolicy`, restartPolicy));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name ?? ''));
    if (name) names.add(name);
    if (restartPolicy === 'Always') return [...errors, ...validateProbes(container, at)];
    for (const key of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'])
      if (container[key] !== undefined)
        errors.push(forbiddenField(`${at}.${key}`, 'may not be set for init containers without restartPolicy=Always'));
    return errors;
  });
}

/** ValidateTolerations. */
function validateTolerations(tolerations: Toleration[], path: string): FieldError[] {
  return tolerations.flatMap(({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
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

/** ValidatePodSpec; `path` is where the spec is, in a pod or in a template. */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const { names, errors } = validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  const { activeDeadlineSeconds, serviceAccountName, nodeName } = spec;
  const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
  const named = (key: string, value: string | undefined, check: (value: string) => string[]): FieldError[] =>
    value ? rule(check, `${path}.${key}`, value) : [];
  const subdomain = (value: string): string[] => isDNS1123Subdomain(value);
  return [
    ...errors,
    ...validateContainers(spec.containers ?? [], names, `${path}.containers`),
    ...validateInitContainers(spec, names, `${path}.initContainers`),
    ...oneOf(RESTARTS, `${path}.restartPolicy`, spec.restartPolicy),
    ...oneOf(dnsPolicies, `${path}.dnsPolicy`, spec['dnsPolicy'] as string | undefined),
    ...validateLabels(spec['nodeSelector'] as Record<string, string> | undefined, `${path}.nodeSelector`),
    ...named('serviceAccountName', serviceAccountName, subdomain),
    ...named('nodeName', nodeName, subdomain),
    ...(activeDeadlineSeconds === undefined ? [] : isInRange(activeDeadlineSeconds, 1, MAX_INT32)).map((text) =>
      invalidValue(`${path}.activeDeadlineSeconds`, activeDeadlineSeconds, text),
    ),
    ...named('hostname', spec['hostname'] as string | undefined, isDNS1123Label),
    ...named('subdomain', spec['subdomain'] as string | undefined, isDNS1123Label),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
  ];
}

function containerUpdates(containers: Container[], path: string): FieldError[] {
  return containers.flatMap(({ image = '' }, index) => {
    const at = `${path}[${index}].image`;
    if (image === '') return [required(at)];
    return image.trim() === image ? [] : [invalidValue(at, image, 'must not have leading or trailing whitespace')];
  });
}

function tolerationUpdates(tolerations: Toleration[], old: Toleration[], path: string): FieldError[] {
  const bare = ({ tolerationSeconds: _seconds, ...rest }: Toleration): Omit<Toleration, 'tolerationSeconds'> => rest;
  const kept = old.every((before) =>
    tolerations.some((toleration) => isDeepStrictEqual(bare(toleration), bare(before))),
  );
  if (!kept) return [forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds')];
  return validateTolerations(tolerations, path);
}

/** ValidatePodUpdate: images, the deadline, more tolerations and fewer scheduling gates are all that may change. */
export function validatePodUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of ['containers', 'initContainers'] as const) {
    const [now = [], before = []] = [spec[key], old[key]];
    if (now.length !== before.length)
      return [...errors, forbiddenField(`spec.${key}`, 'pod updates may not add or remove containers')];
    errors.push(...containerUpdates(now, `spec.${key}`));
  }
  const [deadline, oldDeadline] = [spec.activeDeadlineSeconds, old.activeDeadlineSeconds];
  const field = 'spec.activeDeadlineSeconds';
  if (deadline !== undefined) {
    const outside = isInRange(deadline, 0, MAX_INT32).map((text) => invalidValue(field, deadline, text));
    if (outside.length > 0) return [...errors, ...outside];
    if (oldDeadline !== undefined && oldDeadline < deadline)
      return [...errors, invalidValue(field, deadline, 'must be less than or equal to previous value')];
  } else if (oldDeadline !== undefined)
    errors.push(invalidValue(field, null, 'must not update from a positive integer to nil value'));
  errors.push(...tolerationUpdates(spec.tolerations ?? [], old.tolerations ?? [], 'spec.tolerations'));
  const gates = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries())
    if (!gates.has(name))
      errors.push(
        forbiddenField(
          `spec.schedulingGates[${index}].name`,
          "only deletion is allowed, but found new scheduling gate '" + name + "'",
        ),
      );
  const images = (containers: Container[] | undefined, from: Container[] | undefined): Container[] | undefined =>
    containers?.map((container, index) => ({ ...container, ...imageOf(from?.[index]) }));
  const fixed: PodSpec = { ...spec };
  for (const key of ['containers', 'initContainers'] as const) {
    const same = images(spec[key], old[key]);
    if (same) fixed[key] = same;
  }
  for (const key of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const) {
    delete fixed[key];
    if (old[key] !== undefined) Object.assign(fixed, { [key]: old[key] });
  }
  if (gates.size > 0 && spec['nodeSelector']) fixed['nodeSelector'] = old['nodeSelector'];
  if (isDeepStrictEqual(withoutUndefined(fixed), withoutUndefined(old))) return errors;
  const updatable =
    '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  return [...errors, forbiddenField('spec', `pod updates may not change fields other than ${updatable}\n`)];
}

function imageOf(container: Container | undefined): { image?: string } {
  return container?.image === undefined ? {} : { image: container.image };
}

function withoutUndefined(spec: PodSpec): unknown {
  return JSON.parse(JSON.stringify(spec));
}
