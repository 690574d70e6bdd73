/** Ingresses and NetworkPolicies: pkg/apis/networking/v1/defaults.go, pkg/apis/networking/validation. */
import { isIP } from 'node:net';
import type { FieldError, JsonObject, KubeObject } from '../types.ts';
import {
  invalidValue,
  isDNS1123Subdomain,
  isValidPortName,
  isValidPortNumber,
  nameIsDNSLabel,
  notSupported,
  part,
  required,
  validateLabelSelector,
  validatePort,
  validateText,
} from '../validation.ts';
import { column, orNone, selectorText } from './columns.ts';
import { specChanged, type Rules } from './resource.ts';

const specOf = (object: KubeObject): JsonObject => part(object, 'spec');
const list = (of: JsonObject, key: string): JsonObject[] => (of[key] ?? []) as JsonObject[];

/** validateIngressBackend */
function validateBackend(backend: JsonObject, path: string): FieldError[] {
  const { resource, service } = backend as { resource?: JsonObject; service?: JsonObject };
  if (resource && service) return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (resource) return [];
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')];
  const { name, number } = part(service, 'port') as { name?: string; number?: number };
  const serviceName = (service['name'] ?? '') as string;
  const errors =
    serviceName === ''
      ? [required(`${path}.service.name`)]
      : validateText((value) => nameIsDNSLabel(value), `${path}.service.name`, serviceName);
  if (name && number) return [...errors, invalidValue(path, '', 'cannot set both port name & port number')];
  if (name) return [...errors, ...validateText(isValidPortName, `${path}.service.port.name`, name)];
  if (!number) return [...errors, required(path, 'port name or number is required')];
  return [
    ...errors,
    ...isValidPortNumber(number).map((text) => invalidValue(`${path}.service.port.number`, number, text)),
  ];
}

const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

/** validateHTTPIngressPath */
function validatePath(of: JsonObject, at: string): FieldError[] {
  const { path = '', pathType } = of as { path?: string; pathType?: string };
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')];
  const wrong = (text: string): FieldError => invalidValue(`${at}.path`, path, text);
  const errors: FieldError[] = [];
  const isFree = pathType === 'ImplementationSpecific';
  if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, PATH_TYPES));
  else {
    if (!path.startsWith('/') && !(isFree && path === '')) errors.push(wrong('must be an absolute path'));
    for (const part of isFree ? [] : BAD_SEQUENCES)
      if (path.includes(part)) errors.push(wrong(`must not contain '${part}'`));
    for (const end of isFree ? [] : BAD_ENDS) if (path.endsWith(end)) errors.push(wrong(`cannot end with '${end}'`));
  }
  return [...errors, ...validateBackend(part(of, 'backend'), `${at}.backend`)];
}

function validateHost(host: string, field: string): FieldError[] {
  const bare = host.startsWith('*.') ? host.slice(2) : host;
  return [
    ...(isIP(host) === 0 ? [] : [invalidValue(field, host, 'must be a DNS name, not an IP address')]),
    ...(host === '' ? [] : isDNS1123Subdomain(bare).map((text) => invalidValue(field, host, text))),
  ];
}

/** ValidateIngressSpec */
function validateIngress(object: KubeObject): FieldError[] {
  const spec = specOf(object);
  const rules = list(spec, 'rules');
  const { defaultBackend } = spec as { defaultBackend?: JsonObject };
  const errors: FieldError[] = [];
  if (rules.length === 0 && !defaultBackend)
    errors.push(invalidValue('spec', null, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend) errors.push(...validateBackend(defaultBackend, 'spec.defaultBackend'));
  for (const [index, rule] of rules.entries()) {
    const at = `spec.rules[${index}]`;
    errors.push(...validateHost((rule['host'] ?? '') as string, `${at}.host`));
    if (!rule['http']) continue;
    const paths = list(part(rule, 'http'), 'paths');
    if (paths.length === 0) errors.push(required(`${at}.http.paths`));
    errors.push(...paths.flatMap((path, position) => validatePath(path, `${at}.http.paths[${position}]`)));
  }
  for (const [index, tls] of list(spec, 'tls').entries())
    for (const [position, host] of ((tls['hosts'] ?? []) as string[]).entries())
      errors.push(...validateHost(host, `spec.tls[${index}].hosts[${position}]`));
  return [
    ...errors,
    ...validateText((value) => isDNS1123Subdomain(value), 'spec.ingressClassName', spec['ingressClassName']),
  ];
}

function hostsCell(object: KubeObject): string {
  const hosts = list(specOf(object), 'rules').flatMap(({ host }) => (host ? [host as string] : []));
  if (hosts.length === 0) return '*';
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',');
}

function addressCell(object: KubeObject): string {
  const points = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return points.flatMap(({ ip, hostname }) => (ip ?? hostname ?? []) as string | []).join(',');
}

export const ingressRules: Rules = {
  generationOn: specChanged,
  defaults: (object) => void (part(object, 'status')['loadBalancer'] ??= {}),
  prepareCreate: (object) => void (object['status'] = { loadBalancer: {} }),
  validate: validateIngress,
  columns: [
    column('Class', (object) => orNone(specOf(object)['ingressClassName'])),
    column('Hosts', hostsCell),
    column('Address', addressCell),
    column('Ports', (object) => (list(specOf(object), 'tls').length > 0 ? '80, 443' : '80')),
  ],
};

/** The rules of both directions, each with its path. */
function* directions(spec: JsonObject): Generator<[rule: JsonObject, path: string, peers: string]> {
  for (const [name, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const)
    for (const [index, rule] of list(spec, name).entries()) yield [rule, `spec.${name}[${index}]`, peers];
}

/** ValidateNetworkPolicyPort */
function validatePolicyPort({ protocol, port, endPort }: JsonObject, at: string): FieldError[] {
  const field = `${at}.endPort`;
  const errors: FieldError[] = ['TCP', 'UDP', 'SCTP'].includes((protocol ?? 'TCP') as string)
    ? []
    : [notSupported(`${at}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])];
  if (port === undefined)
    return endPort === undefined
      ? errors
      : [...errors, invalidValue(field, endPort, 'may not be specified when `port` is not specified')];
  if (endPort !== undefined && typeof port === 'string')
    errors.push(invalidValue(field, endPort, 'may not be specified when `port` is non-numeric'));
  if (typeof endPort === 'number' && typeof port === 'number' && endPort < port)
    errors.push(invalidValue(field, port, 'must be greater than or equal to `port`'));
  return [...errors, ...validatePort(`${at}.port`, port)];
}

function validatePeer(peer: JsonObject, at: string): FieldError[] {
  const kinds = Object.keys(peer);
  if (kinds.length === 0) return [required(at, 'must specify a peer')];
  return ['podSelector', 'namespaceSelector'].flatMap((kind) => validateLabelSelector(peer[kind], `${at}.${kind}`));
}

export const networkPolicyRules: Rules = {
  generationOn: specChanged,
  defaults(object) {
    const spec = specOf(object);
    spec['policyTypes'] ??= spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
    for (const [rule] of directions(spec)) for (const port of list(rule, 'ports')) port['protocol'] ??= 'TCP';
  },
  validate(object) {
    const spec = specOf(object);
    const types = (spec['policyTypes'] ?? []) as string[];
    return [
      ...validateLabelSelector(spec['podSelector'], 'spec.podSelector'),
      ...[...directions(spec)].flatMap(([rule, path, peers]) => [
        ...list(rule, 'ports').flatMap((port, index) => validatePolicyPort(port, `${path}.ports[${index}]`)),
        ...list(rule, peers).flatMap((peer, index) => validatePeer(peer, `${path}.${peers}[${index}]`)),
      ]),
      ...types.flatMap((type, index) =>
        ['Ingress', 'Egress'].includes(type)
          ? []
          : [notSupported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress'])],
      ),
    ];
  },
  columns: [
    column('Pod-Selector', (object) =>
      selectorText(part(part(specOf(object), 'podSelector'), 'matchLabels') as Record<string, string>),
    ),
  ],
};
