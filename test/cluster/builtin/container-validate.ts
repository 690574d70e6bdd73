/** pkg/apis/core/validation/validation.go: validateContainers, validateInitContainers and validateEphemeralContainers. */
import { parseQuantity } from '../cel/quantity.ts';
import type { FieldError, JsonObject } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  goStruct,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNumber,
  notFoundValue,
  required,
  validateNonNegative,
  validateOneOf,
  validatePort,
  validateText,
} from '../validation.ts';
import type { Container, ContainerPort, EnvVar, PodSpec, Probe } from './pod-types.ts';
import { validateIdentity } from './security-validate.ts';
import { validateFieldRef, validateKeyRef, validateLocalPath, validateResourceFieldRef } from './volume-validate.ts';

export const RESTARTS = ['Always', 'OnFailure', 'Never'];

function validatePorts(ports: ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (name) {
      const bad = validateText(isValidPortName, `${at}.name`, name);
      errors.push(...(bad.length === 0 && names.has(name) ? [duplicate(`${at}.name`, name)] : bad));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${at}.containerPort`));
    else
      for (const text of isValidPortNumber(containerPort))
        errors.push(invalidValue(`${at}.containerPort`, containerPort, text));
    if (hostPort)
      for (const text of isValidPortNumber(hostPort)) errors.push(invalidValue(`${at}.hostPort`, hostPort, text));
    return [...errors, ...validateOneOf(['SCTP', 'TCP', 'UDP'], `${at}.protocol`, protocol)];
  });
}

const ENV_FIELDS =
  `metadata.name metadata.namespace metadata.uid spec.nodeName spec.serviceAccountName status.hostIP status.hostIPs
  status.podIP status.podIPs`.split(/\s+/v);

const VALUE_SOURCES: Record<string, (source: JsonObject, path: string) => FieldError[]> = {
  fieldRef: (source, path) => validateFieldRef(source, ENV_FIELDS, path),
  resourceFieldRef: (source, path) => validateResourceFieldRef(source, false, path),
  configMapKeyRef: validateKeyRef,
  secretKeyRef: validateKeyRef,
};

// IsRelaxedEnvVarName
function isVariableName(name: string): string[] {
  const text = "a valid environment variable name must consist only of printable ASCII characters other than '='";
  return /^[\x20-\x3c\x3e-\x7e]*$/v.test(name) ? [] : [text];
}

function validateEnv(variables: EnvVar[], path: string): FieldError[] {
  return variables.flatMap(({ name = '', value, valueFrom }, index) => {
    const at = `${path}[${index}]`;
    const errors = name === '' ? [required(`${at}.name`)] : validateText(isVariableName, `${at}.name`, name);
    if (!valueFrom) return errors;
    const kinds = Object.keys(valueFrom);
    for (const kind of kinds)
      errors.push(...(VALUE_SOURCES[kind]?.(valueFrom[kind] ?? {}, `${at}.valueFrom.${kind}`) ?? []));
    const wrong = (text: string): number => errors.push(invalidValue(`${at}.valueFrom`, '', text));
    if (kinds.length === 0)
      wrong('must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
    else if (value) wrong('may not be specified when `value` is not empty');
    else if (kinds.length > 1) wrong('may not have more than one field specified at a time');
    return errors;
  });
}

function validateEnvFrom(sources: JsonObject[], path: string): FieldError[] {
  return sources.flatMap(({ prefix, ...references }, index) => {
    const at = `${path}[${index}]`;
    const kinds = Object.keys(references);
    const subdomain = (value: string): string[] => isDNS1123Subdomain(value);
    const errors = kinds.flatMap((kind) => {
      const { name } = references[kind] as { name?: string };
      return name ? validateText(subdomain, `${at}.${kind}.name`, name) : [required(`${at}.${kind}.name`)];
    });
    if (kinds.length === 0) errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (kinds.length > 1)
      errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
    return [...validateText(isVariableName, `${at}.prefix`, prefix), ...errors];
  });
}

function validateMounts(container: Container, volumes: Set<string>, path: string): FieldError[] {
  const paths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap(
    ({ name = '', mountPath = '', subPath = '', subPathExpr = '' }, index) => {
      const at = `${path}[${index}]`;
      const errors: FieldError[] = [];
      if (name === '') errors.push(required(`${at}.name`));
      if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name));
      if (mountPath === '') errors.push(required(`${at}.mountPath`));
      if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
      paths.add(mountPath);
      errors.push(...validateLocalPath(subPath, `${path}.subPath`));
      if (subPathExpr && subPath)
        errors.push(invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      return [...errors, ...validateLocalPath(subPathExpr, `${path}.subPathExpr`)];
    },
  );
}

const hugePages = (name: string): boolean => name.startsWith('hugepages-');
const STANDARD = `cpu memory ephemeral-storage`.split(' ');
const QUOTAS = `requests.cpu requests.memory requests.ephemeral-storage requests.storage limits.cpu limits.memory
  limits.ephemeral-storage pods services replicationcontrollers secrets configmaps persistentvolumeclaims storage resourcequotas
  services.nodeports services.loadbalancers`.split(/\s+/v);

/** validateContainerResourceName */
function validateResourceName(name: string, field: string): FieldError[] {
  const unqualified = isQualifiedName(name).map((text) => invalidValue(field, name, text));
  const known = [...STANDARD, ...QUOTAS].includes(name) || hugePages(name);
  if (unqualified.length === 0 && !name.includes('/') && !known)
    unqualified.push(invalidValue(field, name, 'must be a standard resource type or fully qualified'));
  if (!name.includes('/') && !STANDARD.includes(name) && !hugePages(name))
    unqualified.push(invalidValue(field, name, 'must be a standard resource for containers'));
  return unqualified;
}

// IsOvercommitAllowed: what is counted in whole things cannot be promised twice.
const canOvercommit = (name: string): boolean =>
  !hugePages(name) && (!name.includes('/') || name.includes('kubernetes.io/'));

function validateQuantity(name: string, text: string, field: string): FieldError[] {
  const quantity = parseQuantity(text);
  if (!quantity) return [];
  const errors = quantity.nanos < 0n ? [invalidValue(field, text, 'must be greater than or equal to 0')] : [];
  return canOvercommit(name) || quantity.isInteger
    ? errors
    : [...errors, invalidValue(field, text, 'must be an integer')];
}

/** validateResourceRequirements. Go walks its maps in random order; here it is the order of names. */
export function validateResources({ resources }: Container, path: string): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const checked = (kind: string, given: Record<string, string>): FieldError[] =>
    Object.entries(given).flatMap(([name, text]) => {
      const field = `${path}.${kind}[${name}]`;
      return [...validateResourceName(name, field), ...validateQuantity(name, text, field)];
    });
  const above = Object.entries(requests).flatMap(([name, text]) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined)
      return canOvercommit(name)
        ? []
        : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
    const [request, most] = [parseQuantity(text), parseQuantity(limit)];
    const order = request && most ? request.compare(most) : 0;
    if (order !== 0 && !canOvercommit(name))
      return [invalidValue(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`)];
    return order > 0
      ? [invalidValue(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`)]
      : [];
  });
  const names = Object.keys({ ...limits, ...requests });
  const alone = names.some(hugePages) && !names.includes('cpu') && !names.includes('memory');
  return [
    ...checked('limits', limits),
    ...checked('requests', requests),
    ...above,
    ...(alone ? [forbiddenField(path, 'HugePages require cpu or memory')] : []),
  ];
}

const HANDLERS: Record<string, (action: JsonObject, path: string) => FieldError[]> = {
  exec: ({ command }, path) => ((command as string[] | undefined)?.length ? [] : [required(`${path}.command`)]),
  httpGet: (action, path) => [
    ...(action['path'] ? [] : [required(`${path}.path`)]),
    ...validatePort(`${path}.port`, action['port']),
    ...validateOneOf(['HTTP', 'HTTPS'], `${path}.scheme`, action['scheme']),
  ],
  tcpSocket: (action, path) => validatePort(`${path}.port`, action['port']),
  grpc: (action, path) => validatePort(`${path}.port`, action['port'] ?? 0),
  sleep: () => [],
};

function validateHandler(handler: JsonObject, path: string): FieldError[] {
  const [first, ...extra] = Object.keys(HANDLERS).filter((kind) => Object.hasOwn(handler, kind));
  if (first === undefined) return [required(path, 'must specify a handler type')];
  const action = handler[first] as JsonObject | null;
  return [
    ...(HANDLERS[first]?.(action ?? {}, `${path}.${first}`) ?? []),
    ...extra.map((kind) => forbiddenField(`${path}.${kind}`, 'may not specify more than 1 handler type')),
  ];
}

const PROBE_NUMBERS = `initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold`.split(' ');

function validateProbe(probe: Probe | undefined, field: string, onlyOneSuccess: boolean): FieldError[] {
  if (!probe) return [];
  const errors = [
    ...validateHandler(probe, field),
    ...PROBE_NUMBERS.flatMap((name) => validateNonNegative(`${field}.${name}`, probe[name])),
  ];
  const grace = probe['terminationGracePeriodSeconds'];
  if (typeof grace === 'number' && grace <= 0)
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  if (onlyOneSuccess && probe.successThreshold !== 1)
    errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  return errors;
}

const SECURITY_FIELDS =
  `capabilities privileged sELinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem
  allowPrivilegeEscalation procMount seccompProfile appArmorProfile`.split(/\s+/v);

function validateSecurity(container: Container, path: string): FieldError[] {
  const context = container['securityContext'] as JsonObject | undefined;
  if (!context) return [];
  const errors = validateIdentity(context, path);
  if (context['procMount'] !== undefined)
    errors.push(...validateOneOf(['Default', 'Unmasked'], `${path}.procMount`, context['procMount']));
  if (context['allowPrivilegeEscalation'] !== false) return errors;
  const capabilities = context['capabilities'] as JsonObject | undefined;
  const refuse = (what: string): FieldError =>
    invalidValue(
      path,
      goStruct(
        { ...context, ...(capabilities && { capabilities: goStruct(capabilities, ['add', 'drop']) }) },
        SECURITY_FIELDS,
      ),
      `cannot set \`allowPrivilegeEscalation\` to false and ${what}`,
    );
  if (context['privileged'] === true) errors.push(refuse('`privileged` to true'));
  if ((capabilities?.['add'] as string[] | undefined)?.includes('CAP_SYS_ADMIN'))
    errors.push(refuse('`capabilities.Add` CAP_SYS_ADMIN'));
  return errors;
}

function validateContainer(container: Container, volumes: Set<string>, at: string): FieldError[] {
  const { name, image, ports = [], env = [], envFrom = [] } = container;
  return [
    ...(name ? validateText(isDNS1123Label, `${at}.name`, name) : [required(`${at}.name`)]),
    ...(image ? [] : [required(`${at}.image`)]),
    ...validateOneOf(
      ['File', 'FallbackToLogsOnError'],
      `${at}.terminationMessagePolicy`,
      container['terminationMessagePolicy'],
    ),
    ...validatePorts(ports, `${at}.ports`),
    ...validateEnv(env, `${at}.env`),
    ...validateEnvFrom(envFrom as JsonObject[], `${at}.envFrom`),
    ...validateMounts(container, volumes, `${at}.volumeMounts`),
    ...validateOneOf(['Always', 'IfNotPresent', 'Never'], `${at}.imagePullPolicy`, container.imagePullPolicy),
    ...validateResources(container, `${at}.resources`),
    ...validateSecurity(container, `${at}.securityContext`),
  ];
}

// validateReadinessProbe: nothing is ended because it is not ready.
function graceOfReadiness(probe: Probe | undefined, field: string): FieldError[] {
  const grace = probe?.['terminationGracePeriodSeconds'];
  return grace === undefined ? [] : [invalidValue(field, grace, 'must not be set for readinessProbes')];
}

function validateProbes(container: Container, at: string): FieldError[] {
  const lifecycle = (container['lifecycle'] ?? {}) as Record<string, JsonObject>;
  const hooks = ['postStart', 'preStop'].filter((hook) => lifecycle[hook]);
  return [
    ...hooks.flatMap((hook) => validateHandler(lifecycle[hook] ?? {}, `${at}.lifecycle.${hook}`)),
    ...validateProbe(container.livenessProbe, `${at}.livenessProbe`, true),
    ...validateProbe(container.readinessProbe, `${at}.readinessProbe`, false),
    ...graceOfReadiness(container.readinessProbe, `${at}.readinessProbe.terminationGracePeriodSeconds`),
    ...validateProbe(container.startupProbe, `${at}.startupProbe`, true),
  ];
}

/** AccumulateUniqueHostPorts */
function validateHostPorts(containers: Container[], path: string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ protocol = '', hostIP = '', hostPort = 0 }, position) => {
      const port = `${protocol}/${hostIP}/${hostPort}`;
      const isTaken = hostPort !== 0 && taken.has(port);
      taken.add(port);
      return isTaken ? [duplicate(`${path}[${index}].ports[${position}].hostPort`, port)] : [];
    }),
  );
}

/** The containers that make the pod. */
export function validateContainers(containers: Container[], volumes: Set<string>, path: string): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string | undefined>();
  const errors = containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const found = validateContainer(container, volumes, at);
    if (names.has(container.name)) found.push(duplicate(`${at}.name`, container.name ?? ''));
    names.add(container.name);
    found.push(...validateProbes(container, at));
    const { restartPolicy } = container;
    return restartPolicy === undefined
      ? found
      : [...found, ...validateOneOf(RESTARTS, `${at}.restartPolicy`, restartPolicy)];
  });
  return [...errors, ...validateHostPorts(containers, path)];
}

/** Those that run before, or, when they restart always, beside them. */
export function validateInitContainers(spec: PodSpec, volumes: Set<string>, path: string): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = validateContainer(container, volumes, at);
    const { name, restartPolicy } = container;
    if (restartPolicy !== undefined) errors.push(...validateOneOf(RESTARTS, `${at}.restartPolicy`, restartPolicy));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name ?? ''));
    if (name) names.add(name);
    if (restartPolicy === 'Always') errors.push(...validateProbes(container, at));
    else
      for (const key of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'])
        if (container[key] !== undefined)
          errors.push(
            forbiddenField(`${at}.${key}`, 'may not be set for init containers without restartPolicy=Always'),
          );
    return [...errors, ...validateHostPorts([container], path)];
  });
}

const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

/** Those that are added to look at the others. */
export function validateEphemeralContainers(spec: PodSpec, volumes: Set<string>, path: string): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const { name, image = '' } = container;
    const target = container['targetContainerName'] as string | undefined;
    const errors = validateContainer(container, volumes, at);
    if (image.trim() !== image)
      errors.push(invalidValue(`${at}.image`, image, 'must not have leading or trailing whitespace'));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name ?? ''));
    names.add(name);
    if (target && !others.has(target)) errors.push(notFoundValue(`${at}.targetContainerName`, target));
    for (const key of ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'restartPolicy'])
      if (container[key] !== undefined) errors.push(forbiddenField(`${at}.${key}`, NOT_EPHEMERAL));
    if (Object.keys(container.resources ?? {}).length > 0)
      errors.push(forbiddenField(`${at}.resources`, NOT_EPHEMERAL));
    return errors;
  });
}
