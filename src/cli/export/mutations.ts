/** What an injector adds, as JSON patches in CEL that leave out what the pod has: the same pod twice gives no patch. */
import { injectionOf } from '../../api/v1alpha1/defaults.ts';
import type { Container, NamedItem, SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { Path } from '../../domain/patch.ts';
import type { Additions } from './additions.ts';
import { holdsKey, joined, listOf, literal, operation, unless } from './cel.ts';
import { isMeant } from './conditions.ts';

export interface Mutation {
  patchType: 'JSONPatch';
  jsonPatch: { expression: string };
}

/** In the order in which they are applied; the pod's own containers first, while their indexes are those of the pod. */
export function mutationsOf(injector: SidecarInjector, additions: Additions): Mutation[] {
  const expressions = [
    ...appContainers(additions),
    containers('containers', additions.containers, injector),
    containers('initContainers', additions.initContainers, injector),
    named('volumes', additions.volumes),
    named('imagePullSecrets', additions.imagePullSecrets),
    hostAliases(additions),
    entries('labels', additions.labels, additions.ownLabels),
    entries('annotations', additions.annotations, additions.ownAnnotations),
  ];
  return expressions
    .filter((expression) => expression !== '')
    .map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } }));
}

/** Creates the list or map at the path when `object` does not have it. */
function created(path: Path, empty: '[]' | '{}'): string {
  return unless(`has(object.${path.join('.')})`, [operation('add', path, empty)]);
}

function isThere(list: string, { name }: NamedItem): string {
  return `${listOf(list)}.exists(i, i.name == ${literal(name)})`;
}

function containers(field: string, items: readonly Container[], injector: SidecarInjector): string {
  if (items.length === 0) return '';
  const { position } = injectionOf(injector);
  const goesFirst = (container: Container): boolean =>
    position === 'First' || (position !== 'Last' && field === 'initContainers' && container.restartPolicy === 'Always');
  const added = (item: Container, index: number | '-'): string =>
    unless(isThere(`object.spec.${field}`, item), [operation('add', ['spec', field, index], literal(item))]);
  return joined([
    created(['spec', field], '[]'),
    // Each at the very front, the last one first, so that they end up in their order whichever of them are missing.
    ...items
      .filter((item) => goesFirst(item))
      .toReversed()
      .map((item) => added(item, 0)),
    ...items.filter((item) => !goesFirst(item)).map((item) => added(item, '-')),
  ]);
}

function named(field: string, items: readonly NamedItem[]): string {
  if (items.length === 0) return '';
  return joined([
    created(['spec', field], '[]'),
    ...items.map((item) =>
      unless(isThere(`object.spec.${field}`, item), [operation('add', ['spec', field, '-'], literal(item))]),
    ),
  ]);
}

/** An address that the pod has gets the hostnames that it lacks. */
function hostAliases({ hostAliases: aliases }: Additions): string {
  if (aliases.length === 0) return '';
  const field = 'object.spec.hostAliases';
  const list = listOf(field);
  return joined([
    created(['spec', 'hostAliases'], '[]'),
    ...aliases.flatMap((alias) => {
      const { ip, hostnames = [] } = alias;
      const lacking = `${literal(hostnames)}.filter(h, !(h in ${listOf(`${field}[i].hostnames`)}))`;
      const path = '"/spec/hostAliases/" + string(i) + "/hostnames"';
      const value = `${listOf(`${field}[i].hostnames`)} + ${lacking}`;
      return [
        unless(`${list}.exists(a, a.ip == ${literal(ip)})`, [
          operation('add', ['spec', 'hostAliases', '-'], literal(alias)),
        ]),
        `lists.range(size(${list})).filter(i, ${field}[i].ip == ${literal(ip)} && size(${lacking}) > 0).map(i, ${operation('add', path, value)})`,
      ];
    }),
  ]);
}

function appContainers(additions: Additions): string[] {
  const { env, envFrom, volumeMounts } = additions.appContainers;
  const field = (name: string, items: readonly unknown[], isSame: string): string => {
    if (items.length === 0) return '';
    const list = `object.spec.containers[i].${name}`;
    const lacking = `${literal(items)}.filter(n, !${listOf(list)}.exists(o, ${isSame}))`;
    const isAsked = `${isMeant('object.spec.containers[i]', additions)} && size(${lacking}) > 0`;
    const path = `"/spec/containers/" + string(i) + "/${name}"`;
    return `lists.range(size(object.spec.containers)).filter(i, ${isAsked}).map(i, ${operation('add', path, `${listOf(list)} + ${lacking}`)})`;
  };
  return [
    field('env', env, 'o.name == n.name'),
    field('envFrom', envFrom, 'o == n'),
    field('volumeMounts', volumeMounts, 'o.mountPath == n.mountPath'),
  ];
}

/** Labels or annotations: the pod's own values win, but over those that tell of the injection. */
function entries(
  field: 'labels' | 'annotations',
  wanted: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): string {
  const map = `object.metadata.${field}`;
  const path = (key: string): Path => ['metadata', field, key];
  const lists = [
    ...Object.entries(wanted).map(([key, value]) =>
      unless(holdsKey(map, key), [operation('add', path(key), literal(value))]),
    ),
    ...Object.entries(own).map(([key, value]) =>
      unless(`${holdsKey(map, key)} && ${map}[${literal(key)}] == ${literal(value)}`, [
        operation('add', path(key), literal(value)),
      ]),
    ),
  ];
  return lists.length === 0 ? '' : joined([created(['metadata', field], '{}'), ...lists]);
}
