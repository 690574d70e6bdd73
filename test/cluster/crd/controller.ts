/**
 * What turns CustomResourceDefinitions into served resources: naming, establishing, serving, and the removal of instances
 * (apiextensions-apiserver/pkg/controller/{status,establish,finalizer}, pkg/apiserver/customresource_handler.go).
 */
import { copy, equal } from '../storage/json.ts';
import type { Controller, ControllerContext } from '../types.ts';
import { isTrue, setCondition } from './conditions.ts';
import { CLEANUP_FINALIZER, CRD_STORAGE_KEY, type CustomResourceDefinition } from './definition.ts';
import { acceptNames } from './naming.ts';
import { resourceOf } from './resource.ts';

export const customResourceDefinitionController: Controller = (context) => {
  const served = new Map<string, Served>();
  const waiting = new Set<string>();
  let stopped = false;
  // Writes are made outside of the storage's notification, so that all listeners see events in order.
  const enqueue = (name: string): void => {
    if (waiting.has(name)) return;
    waiting.add(name);
    setImmediate(() => {
      waiting.delete(name);
      if (!stopped) void reconcile(name);
    });
  };
  const read = (name: string): CustomResourceDefinition | undefined =>
    context.store.get(CRD_STORAGE_KEY, undefined, name) as CustomResourceDefinition | undefined;
  const all = (): CustomResourceDefinition[] => context.store.list(CRD_STORAGE_KEY) as CustomResourceDefinition[];

  async function reconcile(name: string): Promise<void> {
    const definition = read(name);
    if (definition === undefined) {
      for (const version of served.get(name)?.versions ?? [])
        context.registry.remove(version.group, version.version, version.plural);
      served.delete(name);
      for (const other of all()) enqueue(other.metadata.name);
      return;
    }
    if (definition.metadata.deletionTimestamp === undefined) {
      updateStatus(context, definition, all());
      const current = read(name);
      if (current !== undefined) serve(context, current, served);
    } else await cleanUp(context, definition, () => enqueue(name));
  }

  const unsubscribe = context.store.subscribe(CRD_STORAGE_KEY, ({ object }) => enqueue(object.metadata.name));
  for (const { metadata } of all()) enqueue(metadata.name);
  return () => {
    stopped = true;
    unsubscribe();
  };
};

interface Served {
  /** The spec that the resources were made of. */
  spec: CustomResourceDefinition['spec'];
  versions: { group: string; version: string; plural: string }[];
}

/** Accepts the names and, when all are free, establishes the definition. The names are accepted first, in a write of their own. */
function updateStatus(
  { store }: ControllerContext,
  definition: CustomResourceDefinition,
  all: CustomResourceDefinition[],
): void {
  const now = new Date();
  const changed = copy(definition);
  changed.status ??= {};
  const others = all.filter(({ metadata }) => metadata.name !== definition.metadata.name);
  const { names, condition } = acceptNames(changed, others);
  changed.status.acceptedNames = names;
  setCondition(changed, condition, now);
  if (!isTrue(changed, 'Established')) {
    const accepted = condition.status === 'True';
    setCondition(
      changed,
      accepted
        ? {
            type: 'Established',
            status: 'False',
            reason: 'Installing',
            message: 'the initial names have been accepted',
          }
        : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      now,
    );
  }
  const named = equal(changed.status, definition.status)
    ? definition
    : (store.update(CRD_STORAGE_KEY, changed, definition) as CustomResourceDefinition);
  if (condition.status !== 'True' || isTrue(named, 'Established')) return;
  const established = copy(named);
  setCondition(
    established,
    {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
    now,
  );
  store.update(CRD_STORAGE_KEY, established, named);
}

/** Serves the definition's versions as they are now. */
function serve(
  { registry }: ControllerContext,
  definition: CustomResourceDefinition,
  served: Map<string, Served>,
): void {
  const { name } = definition.metadata;
  const before = served.get(name);
  if (!isTrue(definition, 'Established') || (before !== undefined && equal(before.spec, definition.spec))) return;
  const resources = definition.spec.versions
    .filter((version) => version.served)
    .map((version) => resourceOf(definition, version));
  const kept = new Set(resources.map(({ version }) => version));
  for (const old of before?.versions ?? [])
    if (!kept.has(old.version)) registry.remove(old.group, old.version, old.plural);
  for (const resource of resources) registry.add(resource);
  served.set(name, {
    spec: definition.spec,
    versions: resources.map(({ group, version, plural }) => ({ group, version, plural })),
  });
}

/** Deletes all instances; when none is left, lets the definition go. `again` is called when there are still some. */
async function cleanUp(
  context: ControllerContext,
  definition: CustomResourceDefinition,
  again: () => void,
): Promise<void> {
  if (!definition.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return;
  const { store, client } = context;
  const started = copy(definition);
  const message = 'CustomResource deletion is in progress';
  setCondition(
    started,
    { type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message },
    new Date(),
  );
  if (!equal(started, definition)) store.update(CRD_STORAGE_KEY, started, definition);
  const { group, names, scope, versions } = definition.spec;
  const storageKey = `${names.plural}.${group}`;
  const instances = store.list(storageKey);
  const version = versions.find((candidate) => candidate.served)?.name;
  if (instances.length > 0 && version !== undefined && isTrue(definition, 'Established')) {
    const namespaces =
      scope === 'Namespaced' ? [...new Set(instances.map(({ metadata }) => metadata.namespace ?? ''))] : [undefined];
    for (const namespace of namespaces) {
      const prefix = namespace === undefined ? '' : `namespaces/${namespace}/`;
      await client.request('DELETE', `/apis/${group}/${version}/${prefix}${names.plural}`);
    }
    if (store.list(storageKey).length > 0) {
      // Finalizers of instances hold the definition back until the last instance is gone.
      const unsubscribe = store.subscribe(storageKey, ({ type }) => {
        if (type !== 'DELETED' || store.list(storageKey).length > 0) return;
        unsubscribe();
        again();
      });
      return;
    }
  }
  const current = store.get(CRD_STORAGE_KEY, undefined, definition.metadata.name);
  if (current === undefined) return;
  const released = copy(current);
  released.metadata.finalizers = (released.metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== CLEANUP_FINALIZER,
  );
  if (released.metadata.finalizers.length > 0) store.update(CRD_STORAGE_KEY, released, current);
  else store.remove(CRD_STORAGE_KEY, current);
}
