/** services: defaults (pkg/apis/core/v1/defaults.go), allocation of addresses and ports (pkg/registry/core/service), ValidateService. */
import type { FieldError, JsonObject, KubeObject, ObjectStore, WriteContext } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidIP,
  isValidPortNumber,
  nameIsDNSLabel,
  notSupported,
  required,
  validateLabels,
  validateOneOf,
  validatePort,
  validateText,
} from '../validation.ts';
import { age, column, orNone, selectorText, wideColumn } from './columns.ts';
import type { Rules } from './resource.ts';

interface ServicePort {
  name?: string;
  protocol?: string;
  port?: number;
  targetPort?: number | string;
  nodePort?: number;
  appProtocol?: string;
}

export interface ServiceSpec extends JsonObject {
  type?: string;
  ports?: ServicePort[];
  selector?: Record<string, string>;
  clusterIP?: string;
  clusterIPs?: string[];
  externalName?: string;
  externalIPs?: string[];
  sessionAffinity?: string;
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
}

const specOf = (object: KubeObject): ServiceSpec => (object['spec'] ?? {}) as ServiceSpec;
const isExternalName = ({ type }: ServiceSpec): boolean => type === 'ExternalName';
/** ExternallyAccessible */
const isReachable = (spec: ServiceSpec): boolean =>
  isPublic(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
const isPublic = ({ type }: ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer';

/** --service-cluster-ip-range and --service-node-port-range. The first address belongs to the API server itself. */
const ADDRESS_PREFIX = '10.96.';
const FIRST_ADDRESS = 10;
const LAST_ADDRESS = 256 * 256 - 2;
const FIRST_NODE_PORT = 30_000;
const LAST_NODE_PORT = 32_767;

function defaults(object: KubeObject): void {
  const spec = specOf(object);
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec['sessionAffinityConfig'];
  else spec['sessionAffinityConfig'] ??= { clientIP: { timeoutSeconds: 10_800 } };
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (!port.targetPort && port.port !== undefined) port.targetPort = port.port;
  }
  if (isReachable(spec)) spec['externalTrafficPolicy'] ??= 'Cluster';
  if (isPublic(spec) || spec.type === 'ClusterIP') spec['internalTrafficPolicy'] ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
  ((object['status'] ??= {}) as JsonObject)['loadBalancer'] ??= {};
}

function freeAddress(store: ObjectStore): string {
  const used = new Set<string>();
  for (const service of store.list('services')) for (const ip of specOf(service).clusterIPs ?? []) used.add(ip);
  for (let number = FIRST_ADDRESS; number <= LAST_ADDRESS; number++) {
    const address = `${ADDRESS_PREFIX}${number >> 8}.${number & 255}`;
    if (!used.has(address)) return address;
  }
  throw new Error('range is full');
}

function freeNodePort(store: ObjectStore, taken: Set<number>): number {
  const ports = store
    .list('services')
    .flatMap((service) => (specOf(service).ports ?? []).map(({ nodePort }) => nodePort));
  const used = new Set([...ports, ...taken]);
  for (let port = FIRST_NODE_PORT; port <= LAST_NODE_PORT; port++) if (!used.has(port)) return port;
  throw new Error('range is full');
}

/** alloc.go: what a service of this type has, and an earlier one did not. */
function allocate(object: KubeObject, { store }: WriteContext): void {
  const spec = specOf(object);
  if (isExternalName(spec)) return;
  spec.clusterIP ||= spec.clusterIPs?.[0] ?? freeAddress(store);
  if (!spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  if (!spec.ipFamilies?.length) spec.ipFamilies = [spec.clusterIP.includes(':') ? 'IPv6' : 'IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (!isPublic(spec)) return;
  const taken = new Set((spec.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []));
  for (const port of spec.ports ?? []) taken.add((port.nodePort ??= freeNodePort(store, taken)));
}

/** dropTypeDependentFields: what a type without node ports does not need goes, unless the caller changed it as well. */
function dropPublic(spec: ServiceSpec, old: ServiceSpec): void {
  const nodePorts = ({ ports = [] }: ServiceSpec): string => JSON.stringify(ports.map(({ nodePort }) => nodePort ?? 0));
  if (nodePorts(spec) === nodePorts(old)) for (const port of spec.ports ?? []) delete port.nodePort;
  for (const key of [
    'externalTrafficPolicy',
    'allocateLoadBalancerNodePorts',
    'loadBalancerClass',
    'healthCheckNodePort',
  ])
    if (JSON.stringify(spec[key]) === JSON.stringify(old[key])) delete spec[key];
}

/** patchAllocatedValues and normalizeClusterIPs: a PUT that leaves out what was allocated keeps it. */
function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (isPublic(old) && !isPublic(spec)) dropPublic(spec, old);
  if (isExternalName(spec)) {
    if (isExternalName(old)) return;
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'])
      if (JSON.stringify(spec[key]) === JSON.stringify(old[key])) delete spec[key];
    return;
  }
  if (isExternalName(old)) return;
  if (!spec.clusterIP && !spec.clusterIPs?.length) {
    if (old.clusterIP !== undefined) spec.clusterIP = old.clusterIP;
    if (old.clusterIPs !== undefined) spec.clusterIPs = old.clusterIPs;
  } else if (spec.clusterIP !== old.clusterIP && JSON.stringify(spec.clusterIPs) === JSON.stringify(old.clusterIPs))
    spec.clusterIPs = spec.clusterIP ? [spec.clusterIP] : [];
  else if (!spec.clusterIPs?.length && spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  if (!isPublic(spec) || !isPublic(old)) return;
  for (const port of spec.ports ?? []) {
    const same = (old.ports ?? []).find((before) => before.port === port.port && before.protocol === port.protocol);
    if (same?.nodePort !== undefined) port.nodePort ??= same.nodePort;
  }
}

const each = (rule: (value: string) => string[], field: string, value: string): FieldError[] =>
  rule(value).map((text) => invalidValue(field, value, text));

function validateServicePort(port: ServicePort, at: string, needsName: boolean, names: Set<string>): FieldError[] {
  const { name = '', targetPort, protocol = '', appProtocol } = port;
  const errors: FieldError[] = [];
  if (needsName && name === '') errors.push(required(`${at}.name`));
  else if (name !== '') {
    errors.push(...each(isDNS1123Label, `${at}.name`, name));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  for (const text of isValidPortNumber(port.port)) errors.push(invalidValue(`${at}.port`, port.port ?? 0, text));
  if (protocol === '') errors.push(required(`${at}.protocol`));
  else if (!['SCTP', 'TCP', 'UDP'].includes(protocol))
    errors.push(notSupported(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
  errors.push(...validatePort(`${at}.targetPort`, targetPort));
  return appProtocol ? [...errors, ...each(isQualifiedName, `${at}.appProtocol`, appProtocol)] : errors;
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.clusterIPs?.length)
    errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'));
  if (spec.ipFamilies?.length)
    errors.push(forbiddenField('spec.ipFamilies', 'may not be set for ExternalName services'));
  if (spec.ipFamilyPolicy)
    errors.push(forbiddenField('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
  const name = (spec.externalName ?? '').replace(/\.$/v, '');
  if (name === '') return [...errors, required('spec.externalName')];
  return [...errors, ...each((value) => isDNS1123Subdomain(value), 'spec.externalName', name)];
}

function portConflicts(spec: ServiceSpec): FieldError[] {
  const [nodePorts, ports] = [new Set<string>(), new Set<string>()];
  return (spec.ports ?? []).flatMap(({ port, protocol, nodePort }, index) => {
    const at = `spec.ports[${index}]`;
    const errors: FieldError[] = [];
    if (nodePort && spec.type === 'ClusterIP')
      errors.push(forbiddenField(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    if (nodePort && nodePorts.has(`${protocol}/${nodePort}`)) errors.push(duplicate(`${at}.nodePort`, nodePort));
    // The duplicate value is Go's internal ServicePort, whose zero fields are written out.
    const value = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    if (ports.has(`${protocol}/${port}`)) errors.push(duplicate(at, value));
    nodePorts.add(`${protocol}/${nodePort}`);
    ports.add(`${protocol}/${port}`);
    return errors;
  });
}

function addressChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isExternalName(spec) || isExternalName(old) || spec.clusterIPs?.[0] === old.clusterIPs?.[0]) return [];
  return [invalidValue('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set')];
}

/** validateServiceExternalTrafficPolicy and validateServiceInternalTrafficFieldsValue */
function validateTraffic(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy: outer, internalTrafficPolicy: inner, healthCheckNodePort: health } = spec;
  const errors: FieldError[] = [];
  if (!isReachable(spec)) {
    const text = 'may only be set for externally-accessible services';
    if (outer) errors.push(invalidValue('spec.externalTrafficPolicy', outer, text));
  } else errors.push(...validateOneOf(['Cluster', 'Local'], 'spec.externalTrafficPolicy', outer));
  const checked = spec.type === 'LoadBalancer' && outer === 'Local';
  if (health && !checked) {
    const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue('spec.healthCheckNodePort', health, text));
  }
  return inner === undefined
    ? errors
    : [...errors, ...validateOneOf(['Cluster', 'Local'], 'spec.internalTrafficPolicy', inner)];
}

/** ValidateServiceClusterIPsRelatedFields, of which the allocator has already put right the most. */
function validateAddresses(spec: ServiceSpec): FieldError[] {
  if (isExternalName(spec)) return [];
  const addresses = (spec.clusterIPs ?? []).filter((address, index) => address !== 'None' || index > 0);
  return [
    ...(spec.ipFamilies ?? []).flatMap((family, index) =>
      validateOneOf(['IPv4', 'IPv6'], `spec.ipFamilies[${index}]`, family),
    ),
    ...(spec.ipFamilyPolicy === undefined
      ? []
      : validateOneOf(
          ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
          'spec.ipFamilyPolicy',
          spec.ipFamilyPolicy,
        )),
    ...addresses.flatMap((address, index) => validateText(isValidIP, `spec.clusterIPs[${index}]`, address)),
  ];
}

/** pkg/api/service/warnings.go */
function warnings(object: KubeObject): string[] {
  const spec = specOf(object);
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  const hasAddresses = (spec.externalIPs?.length ?? 0) > 0;
  const texts: [boolean, string][] = [
    [isHeadless && Boolean(spec['loadBalancerIP']), 'spec.loadBalancerIP is ignored for headless services'],
    [isHeadless && hasAddresses, 'spec.externalIPs is ignored for headless services'],
    [isHeadless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'],
    [
      hasAddresses && !isHeadless && !isExternalName(spec),
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [isExternalName(spec) && hasAddresses, 'spec.externalIPs is ignored when spec.type is "ExternalName"'],
    [
      !isExternalName(spec) && Boolean(spec.externalName),
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ],
  ];
  return texts.filter(([applies]) => applies).map(([, text]) => text);
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function validate(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = specOf(object);
  const { ports = [], type = '', sessionAffinity = '' } = spec;
  const isHeadless = spec.clusterIP === 'None';
  const errors = old ? addressChange(spec, specOf(old)) : [];
  const names = new Set<string>();
  if (ports.length === 0 && !isHeadless && !isExternalName(spec)) errors.push(required('spec.ports'));
  if (isPublic(spec) && isHeadless)
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  if (isExternalName(spec)) errors.push(...validateExternalName(spec));
  errors.push(
    ...ports.flatMap((port, index) => validateServicePort(port, `spec.ports[${index}]`, ports.length > 1, names)),
  );
  errors.push(...validateLabels(spec.selector, 'spec.selector'));
  if (!['ClientIP', 'None'].includes(sessionAffinity))
    errors.push(notSupported('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']));
  if (!TYPES.includes(type)) errors.push(notSupported('spec.type', type, TYPES));
  for (const [index, address] of (spec.externalIPs ?? []).entries())
    errors.push(...validateText(isValidIP, `spec.externalIPs[${index}]`, address));
  return [...errors, ...portConflicts(spec), ...validateAddresses(spec), ...validateTraffic(spec)];
}

function externalCell({ type, externalName, externalIPs = [] }: ServiceSpec): string {
  if (type === 'ExternalName') return externalName ?? '';
  if (externalIPs.length > 0) return externalIPs.join(',');
  return type === 'LoadBalancer' ? '<pending>' : '<none>';
}

function portsCell({ ports = [] }: ServiceSpec): string {
  const texts = ports.map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`);
  return texts.length > 0 ? texts.join(',') : '<none>';
}

export const serviceRules: Rules = {
  nameRule: nameIsDNSLabel,
  createOnUpdate: true,
  returnsDeleted: true,
  defaults,
  prepareCreate(object, context) {
    object['status'] = { loadBalancer: {} };
    allocate(object, context);
  },
  prepareUpdate(object, old, context) {
    keepAllocated(specOf(object), specOf(structuredClone(old)));
    allocate(object, context);
  },
  validate,
  warnings,
  selectableFields: {
    'spec.clusterIP': (object) => specOf(object).clusterIP ?? '',
    'spec.type': (object) => specOf(object).type ?? '',
  },
  columns: [
    column('Type', (object) => specOf(object).type ?? ''),
    column('Cluster-IP', (object) => orNone(specOf(object).clusterIPs?.[0])),
    column('External-IP', (object) => externalCell(specOf(object))),
    column('Port(s)', (object) => portsCell(specOf(object))),
    column('Age', (object, now) => age(object.metadata.creationTimestamp, now)),
    wideColumn('Selector', (object) => selectorText(specOf(object).selector)),
  ],
};
