/** What the API server warns of in pods that it accepts: pkg/api/pod/warnings.go, as far as injection can cause it. */
import type { JsonObject, ObjectMeta } from '../types.ts';
import { parseQuantity } from '../cel/quantity.ts';
import { isDNS1123Label } from '../validation.ts';
import type { Container, PodSpec } from './pod-types.ts';

type Placed = [container: Container, path: string];

function containersOf(spec: PodSpec, path: string): Placed[] {
  const placed = (key: 'initContainers' | 'containers'): Placed[] =>
    (spec[key] ?? []).map((container, index) => [container, `${path}.${key}[${index}]`]);
  return [...placed('initContainers'), ...placed('containers')];
}

/** A later value of a variable that does not build on the earlier one. */
function hiddenVariables([{ env = [] }, path]: Placed): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name = '', value = '', valueFrom }, index) => {
    const reference = `$(${name})`;
    const isBad = seen.has(name) && (valueFrom || value === reference || !value.includes(reference));
    seen.add(name);
    return isBad
      ? [`${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`]
      : [];
  });
}

function portWarnings(containers: Placed[]): string[] {
  const all = containers.flatMap(([{ ports = [] }, path]) =>
    ports.map((port, index) => ({ ...port, at: `${path}.ports[${index}]` })),
  );
  const numbers = all.flatMap((port, index) =>
    all
      .slice(0, index)
      .filter(({ containerPort, protocol }) => containerPort === port.containerPort && protocol === port.protocol)
      .flatMap((other) => {
        if (other.hostPort === port.hostPort) return [`${port.at}: duplicate port definition with ${other.at}`];
        if (port.hostPort && other.hostPort) return [];
        return [`${port.at}: overlapping port definition with ${other.at}`];
      }),
  );
  const names = all.flatMap(({ name, at }, index) => {
    const other = name ? all.slice(0, index).find((port) => port.name === name)?.at : undefined;
    const text = `duplicate port name "${name}" with ${other}, services and probes that select ports by name will use ${other}`;
    return other ? [`${at}: ${text}`] : [];
  });
  return [...numbers, ...names];
}

/** A missing selector selects nothing, which is rarely meant. */
function selectorWarnings(spec: PodSpec, path: string): string[] {
  const affinity = (spec['affinity'] ?? {}) as Record<string, Record<string, JsonObject[]>>;
  const warn = (terms: JsonObject[] | undefined, at: string, key?: string): string[] =>
    (terms ?? []).flatMap((term, index) => {
      const of = key === undefined ? term : ((term[key] ?? {}) as JsonObject);
      const field = `${at}[${index}]${key === undefined ? '' : `.${key}`}.labelSelector`;
      return of['labelSelector'] === undefined ? [`${field}: a null labelSelector results in matching no pod`] : [];
    });
  const kinds = ['podAffinity', 'podAntiAffinity'].filter((kind) => affinity[kind]);
  return [
    ...warn(spec['topologySpreadConstraints'] as JsonObject[] | undefined, `${path}.topologySpreadConstraints`),
    ...kinds.flatMap((kind) => {
      const [hard, soft] = ['required', 'preferred'].map((how) => `${how}DuringSchedulingIgnoredDuringExecution`);
      const at = `${path}.affinity.${kind}`;
      return [
        ...warn(affinity[kind]?.[hard ?? ''], `${at}.${hard}`),
        ...warn(affinity[kind]?.[soft ?? ''], `${at}.${soft}`, 'podAffinityTerm'),
      ];
    }),
  ];
}

function pullSecretWarnings({ imagePullSecrets = [] }: PodSpec, path: string): string[] {
  const names = imagePullSecrets.map(({ name }) => name ?? '');
  const at = (index: number): string => `${path}.imagePullSecrets[${index}].name`;
  return [
    ...names.flatMap((name, index) =>
      names.indexOf(name) < index ? [`${at(index)}: duplicate name ${JSON.stringify(name)}`] : [],
    ),
    ...names.flatMap((name, index) => (name === '' ? [`${at(index)}: invalid empty name ""`] : [])),
  ];
}

/** Nobody has half a byte. */
function fractionWarnings([{ resources }, path]: Placed): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) =>
    (['limits', 'requests'] as const).flatMap((kind) => {
      const text = resources?.[kind]?.[name];
      if (text === undefined || parseQuantity(text)?.isInteger !== false) return [];
      const field = `${path}.resources.${kind}[${name}]`;
      return [`${field}: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`];
    }),
  );
}

/** `path` is where the spec is: `spec` of a pod, `spec.template.spec` of a workload. */
export function podSpecWarnings(spec: PodSpec, path: string): string[] {
  const containers = containersOf(spec, path);
  return [
    ...selectorWarnings(spec, path),
    ...pullSecretWarnings(spec, path),
    ...containers.flatMap(fractionWarnings),
    ...containers.flatMap(hiddenVariables),
    ...portWarnings(containers),
  ];
}

/** WarningsOnCreate of the pod strategy. */
export function podWarnings({ name }: ObjectMeta, spec: PodSpec): string[] {
  const wrong = isDNS1123Label(name);
  const text =
    "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return [
    ...(wrong.length > 0 ? [`metadata.name: ${text}: [${wrong.join(' ')}]`] : []),
    ...podSpecWarnings(spec, 'spec'),
  ];
}
