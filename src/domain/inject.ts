/**
 * Adds an injector's template to a pod: `inject(inject(pod)) = inject(pod)`. Nothing of the pod is removed or rebuilt,
 * and nothing is changed but what `onConflict: Replace` asks for. What is already there is known by its content.
 */
import type { Container, HostAlias, JsonObject, NamedItem, SidecarInjector } from '../api/v1alpha1/types.ts';
import type { Addition, ContainerList } from './additions.ts';
import { equipAppContainers } from './appcontainers.ts';
import { type Blueprint, blueprintFor, blueprintOf } from './blueprint.ts';
import { type Conflict, conflictsOf } from './conflicts.ts';
import { keepsJobRunning } from './jobs.ts';
import { at, mapAt, member, objectsAt } from './json.ts';
import { Draft, type Operation } from './patch.ts';

export interface Injection {
  /** Empty when the pod has everything already, and when `conflicts` is not. */
  operations: readonly Operation[];
  /** The pod with the operations applied. */
  pod: JsonObject;
  /** What stands in the way, and could not or should not be replaced. */
  conflicts: readonly Conflict[];
  /** What was done otherwise than asked, a line each. */
  notes: readonly string[];
}

/** What of the cluster decides how a pod is injected. */
export interface ClusterFacts {
  /** Whether every node runs native sidecars; left out where nobody knows. Only for sidecarMode Auto. */
  nativeSidecars?: boolean | undefined;
}

/** With Auto a pod that has our sidecars already keeps them as they are: the nodes may have changed since. */
function isNative(pod: JsonObject, injector: SidecarInjector, { nativeSidecars = false }: ClusterFacts): boolean {
  const { sidecarMode } = blueprintOf(injector, false).injection;
  if (sidecarMode !== 'Auto') return sidecarMode === 'Native';
  const { additions, template } = blueprintOf(injector, !nativeSidecars);
  const isThere = additions
    .slice(0, template.containers.length)
    .some(({ list, container, native }) =>
      objectsAt(pod, ['spec', list]).some(
        (item) => member(item, 'name') === container.name && (!native || member(item, 'restartPolicy') === 'Always'),
      ),
    );
  return isThere ? !nativeSidecars : nativeSidecars;
}

/** The operations that bring the template into the pod: all of it, or nothing when there is a conflict. */
export function inject(pod: JsonObject, injector: SidecarInjector, facts: ClusterFacts = {}): Injection {
  const native = isNative(pod, injector, facts);
  const { blueprint, notes: tuning } = blueprintFor(pod, injector, native);
  const found = conflictsOf(pod, blueprint);
  const conflicts = found.filter((conflict) => isInTheWay(conflict, blueprint));
  if (conflicts.length > 0) return { operations: [], pod, conflicts, notes: [] };

  const draft = new Draft(pod);
  const notes = [...tuning, ...replaceConflicting(draft, found, blueprint)];
  equipAppContainers(draft, blueprint);
  notes.push(...addContainers(draft, blueprint), ...addMetadata(draft, blueprint));
  addVolumes(draft, blueprint);
  if (keepsJobRunning(pod, blueprint)) notes.push(JOB_NOTE);
  // Called again for the same pod, it was all said the first time.
  return {
    operations: draft.operations,
    pod: draft.document,
    conflicts,
    notes: draft.operations.length > 0 ? notes : [],
  };
}

/** Notes on what stood in the way. */
function replaceConflicting(draft: Draft, found: readonly Conflict[], { injection }: Blueprint): string[] {
  const replaces = injection.onConflict === 'Replace';
  return found.map(({ text, replacement }) => {
    if (replaces && replacement !== undefined) draft.replace(replacement.path, replacement.value);
    return `${text}: ${replaces ? 'replaced' : 'kept as it is'}`;
  });
}

const JOB_NOTE = 'the sidecar keeps this Job from completing: set sidecarMode to Native';

/** A variable that the app sets itself is no reason to leave the sidecar out: with Skip that one is left alone. */
function isInTheWay({ kind, replacement }: Conflict, { injection: { onConflict } }: Blueprint): boolean {
  if (onConflict === 'Replace') return replacement === undefined;
  return onConflict === 'Reject' || kind !== 'env';
}

function addContainers(draft: Draft, blueprint: Blueprint): string[] {
  const { position, anchor } = blueprint.injection;
  const anchored = position === 'Before' || position === 'After';
  let [misses, anchors] = [0, 0];
  for (const list of ['containers', 'initContainers'] as const) {
    const names = namesAt(draft.document, list);
    const missing = blueprint.additions.filter((item) => item.list === list && !names.includes(item.container.name));
    if (missing.length === 0) continue;
    misses += 1;
    if (names.includes(anchor)) anchors += 1;
    insertContainers(draft, list, missing, names, blueprint);
  }
  if (!anchored || anchor === undefined || misses === 0 || anchors > 0) return NO_NOTES;
  return [`the pod has no container ${anchor} to be placed ${position.toLowerCase()}: placed as usual`];
}

const NO_NOTES: string[] = [];

function insertContainers(
  draft: Draft,
  list: ContainerList,
  missing: readonly Addition[],
  names: readonly unknown[],
  blueprint: Blueprint,
): void {
  const groups = new Map<number | undefined, Container[]>();
  for (const addition of missing) {
    const index = indexFor(addition, names, blueprint);
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [addition.container]);
    else group.push(addition.container);
  }
  // From the back to the front, so that an insertion does not move the place of the next.
  const places = [...groups].sort(([a = Infinity], [b = Infinity]) => b - a);
  for (const [index, containers] of places) draft.insert(['spec', list], containers, index);
}

/** Where to insert; undefined is the end. Without a position of its own, a native sidecar starts before the pod's init containers. */
function indexFor(addition: Addition, names: readonly unknown[], { injection }: Blueprint): number | undefined {
  const { position, anchor } = injection;
  const usual = addition.native && names.length > 0 ? 0 : undefined;
  if (position === undefined) return usual;
  if (position === 'Last') return undefined;
  if (position === 'First') return names.length > 0 ? 0 : undefined;
  const found = names.indexOf(anchor);
  if (found === -1) return usual;
  const index = position === 'Before' ? found : found + 1;
  return index < names.length ? index : undefined;
}

function namesAt(pod: JsonObject, list: ContainerList): unknown[] {
  return objectsAt(pod, ['spec', list]).map((container) => member(container, 'name'));
}

function addVolumes(draft: Draft, { template }: Blueprint): void {
  insertByName(draft, 'volumes', template.volumes);
  insertByName(draft, 'imagePullSecrets', template.imagePullSecrets);
  for (const alias of template.hostAliases) addHostAlias(draft, alias);
}

function insertByName(draft: Draft, list: 'volumes' | 'imagePullSecrets', items: readonly NamedItem[]): void {
  if (items.length === 0) return;
  const present = objectsAt(draft.document, ['spec', list]);
  const missing = items.filter(({ name }) => !present.some((item) => member(item, 'name') === name));
  draft.insert(['spec', list], missing);
}

function addHostAlias(draft: Draft, alias: HostAlias): void {
  const path = ['spec', 'hostAliases'];
  const index = objectsAt(draft.document, path).findIndex((item) => member(item, 'ip') === alias.ip);
  if (index === -1) {
    draft.insert(path, [alias]);
    return;
  }
  const present = at(draft.document, [...path, index, 'hostnames']);
  const hostnames = (alias.hostnames ?? []).filter((name) => !Array.isArray(present) || !present.includes(name));
  draft.insert([...path, index, 'hostnames'], hostnames);
}

/** The pod's own labels and annotations win, but with `onConflict: Replace`. The status annotation and the label are ours. */
function addMetadata(draft: Draft, blueprint: Blueprint): string[] {
  const { template, status, label } = blueprint;
  const notes: string[] = [];
  addTo(draft, 'labels', template.metadata.labels, label.key, blueprint, notes);
  addTo(draft, 'annotations', template.metadata.annotations, status.annotation, blueprint, notes);
  own(draft, 'labels', label.key, label.value);
  own(draft, 'annotations', status.annotation, status.value);
  return notes;
}

type MetadataField = 'labels' | 'annotations';

function addTo(
  draft: Draft,
  field: MetadataField,
  wanted: Readonly<Record<string, string>>,
  ownKey: string,
  { injection }: Blueprint,
  notes: string[],
): void {
  for (const [key, value] of Object.entries(wanted)) {
    const present = valueAt(draft, field, key);
    if (present === value || key === ownKey) continue;
    const kept = present !== undefined && injection.onConflict !== 'Replace';
    if (present !== undefined) {
      notes.push(`the pod's own value of ${field.slice(0, -1)} ${key} was ${kept ? 'kept' : 'replaced'}`);
    }
    if (!kept) draft.setInMap(['metadata', field], key, value);
  }
}

function own(draft: Draft, field: MetadataField, key: string, value: string): void {
  if (valueAt(draft, field, key) !== value) draft.setInMap(['metadata', field], key, value);
}

function valueAt(draft: Draft, field: MetadataField, key: string): unknown {
  return member(mapAt(draft.document, ['metadata', field]), key);
}
