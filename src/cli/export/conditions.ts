/** The checks of a decision as CEL match conditions: a pod that fails one is left alone. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { Container, NamedItem, SidecarInjector, VolumeMount } from '../../api/v1alpha1/types.ts';
import type { Additions } from './additions.ts';
import { all, holdsKey, listOf, literal } from './cel.ts';

export interface MatchCondition {
  name: string;
  expression: string;
}

/** strconv.ParseBool of Go; yes/no/on/off besides in any case. */
export const WORDS = {
  true: { exact: ['1', 't', 'T', 'TRUE', 'true', 'True'], anyCase: ['yes', 'on'] },
  false: { exact: ['0', 'f', 'F', 'FALSE', 'false', 'False'], anyCase: ['no', 'off'] },
} as const;

const ANNOTATIONS = 'object.metadata.annotations';
const CONTAINERS = 'object.spec.containers';
const PROTOCOL = '(has(p.protocol) ? p.protocol : "TCP")';
const INIT_CONTAINERS = listOf('object.spec.initContainers');

/** The conditions in the order of the webhook's checks, the user's own first. */
export function conditionsOf(injector: SidecarInjector, additions: Additions): MatchCondition[] {
  const { matchConditions, allowHostNetwork } = selectionOf(injector);
  const checks: Record<string, string> = {
    'not-a-mirror-pod': `!${holdsKey(ANNOTATIONS, 'kubernetes.io/config.mirror')}`,
    ...(!allowHostNetwork && { 'has-its-own-network': '!(has(object.spec.hostNetwork) && object.spec.hostNetwork)' }),
    'asks-for-the-sidecar': asks(injector),
    'names-are-free': all([...containerNames(additions), ...volumeNames(additions.volumes)]),
    'ports-are-free': freePorts(additions),
    'mount-paths-are-free': all(mountPaths(additions)),
  };
  const own = Object.entries(checks).map(([name, expression]) => ({ name, expression }));
  return [...matchConditions, ...own.filter(({ expression }) => expression !== 'true')];
}

function asks(injector: SidecarInjector): string {
  const { annotation, policy } = selectionOf(injector);
  const says = ({ exact, anyCase }: (typeof WORDS)['true' | 'false']): string => {
    const value = `${ANNOTATIONS}[${literal(annotation)}]`;
    const word = `(${value} in ${literal(exact)} || ${value}.lowerAscii() in ${literal(anyCase)})`;
    return `${holdsKey(ANNOTATIONS, annotation)} && ${word}`;
  };
  return policy === 'OptIn' ? says(WORDS.true) : `!(${says(WORDS.false)})`;
}

/** A container of one of our names is ours when it stands in the same list and runs the same image. */
function containerNames({ containers, initContainers }: Additions): string[] {
  const free = (list: string, others: readonly Container[]): string[] =>
    others.length === 0 ? [] : [`${list}.all(c, !(c.name in ${literal(others.map(({ name }) => name))}))`];
  const same = (list: string, ours: readonly Container[]): string[] =>
    ours.flatMap(({ name, image }) =>
      image === undefined ? [] : [`${list}.all(c, c.name != ${literal(name)} || c.image == ${literal(image)})`],
    );
  return [
    ...free(CONTAINERS, initContainers),
    ...free(INIT_CONTAINERS, containers),
    ...same(CONTAINERS, containers),
    ...same(INIT_CONTAINERS, initContainers),
  ];
}

/** A volume of one of our names is ours when it has the same kind of source. */
function volumeNames(volumes: readonly NamedItem[]): string[] {
  return volumes.map((volume) => {
    const source = Object.keys(volume).find((key) => key !== 'name' && volume[key] !== null) ?? 'emptyDir';
    return `${listOf('object.spec.volumes')}.all(v, v.name != ${literal(volume.name)} || has(v.${source}))`;
  });
}

function namesOf({ containers, initContainers }: Additions): string[] {
  return [...containers, ...initContainers].map(({ name }) => name);
}

/** The containers that run at the same time share one network, and the node's ports with all of its pods. */
function freePorts(additions: Additions): string {
  const { containers, initContainers } = additions;
  const running = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const ports = running.flatMap((container) => container.ports ?? []);
  const taken = (field: 'containerPort' | 'hostPort'): string[] => {
    const ours = ports.filter((port) => port[field]).map((port) => `${port[field]}/${port.protocol ?? 'TCP'}`);
    if (ours.length === 0) return [];
    return [`has(p.${field}) && (string(p.${field}) + "/" + ${PROTOCOL}) in ${literal(ours)}`];
  };
  const clashes = [...taken('containerPort'), ...taken('hostPort')].map((clash) => `(${clash})`);
  if (clashes.length === 0) return 'true';
  const beside = `${INIT_CONTAINERS}.filter(c, has(c.restartPolicy) && c.restartPolicy == "Always")`;
  const free = `!has(c.ports) || !c.ports.exists(p, ${clashes.join(' || ')})`;
  return `(${CONTAINERS} + ${beside}).all(c, c.name in ${literal(namesOf(additions))} || ${free})`;
}

function mountPaths(additions: Additions): string[] {
  return additions.appContainers.volumeMounts.map(({ name, mountPath }: VolumeMount) => {
    const paths = mountPath === '/' ? ['/'] : [mountPath.replace(/\/+$/, ''), `${mountPath.replace(/\/+$/, '')}/`];
    const same = `!(m.mountPath in ${literal(paths)}) || m.name == ${literal(name)}`;
    const mounts = `(!has(c.volumeMounts) || c.volumeMounts.all(m, ${same}))`;
    const devices = `(!has(c.volumeDevices) || c.volumeDevices.all(d, d.devicePath != ${literal(mountPath)}))`;
    return `${CONTAINERS}.all(c, !(${isMeant('c', additions)}) || ${mounts} && ${devices})`;
  });
}

/** Whether a container of the pod is one of those that `appContainers` speaks of. */
export function isMeant(container: string, additions: Additions): string {
  const { names } = additions.appContainers;
  const own = `!(${container}.name in ${literal(namesOf(additions))})`;
  if (names.includes('*')) return own;
  const patterns = names.map((name) => `${container}.name.matches(${literal(`^${patternOf(name)}$`)})`);
  return `${own} && (${patterns.length === 0 ? 'false' : patterns.join(' || ')})`;
}

/** Wildcards `*` and `?` as a regular expression of RE2. */
function patternOf(name: string): string {
  return name
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}
