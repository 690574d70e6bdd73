import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../types.ts';
import { FieldSet } from './fieldset.ts';

/** Who manages what: one entry of managedFields, decoded. */
export interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  time?: string;
  fields: FieldSet;
}

/** By identity: appliers keep theirs across versions (apimachinery/pkg/util/managedfields/internal/managedfields.go: BuildManagerIdentifier). */
export type Managers = Map<string, Manager>;

export function identityOf(manager: Omit<Manager, 'fields' | 'time'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return JSON.stringify([manager.operation, manager.manager, version, manager.subresource ?? '']);
}

/** The managers that an object records. Throws an Error with the server's text when an entry is malformed. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const [index, entry] of (entries ?? []).entries()) {
    const { operation, apiVersion, fieldsType, manager = '', subresource, time, fieldsV1 = {} } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
    if (!apiVersion) throw new Error('apiVersion must not be empty');
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== 'FieldsV1')
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
    const fields = FieldSet.fromJSON(fieldsV1);
    const decoded: Manager = {
      manager,
      operation,
      apiVersion,
      fields,
      ...(subresource && { subresource }),
      ...(time && { time }),
    };
    managers.set(identityOf(decoded), decoded);
  }
  return managers;
}

/** The entries to store, in the server's order: operation, seconds of the time, manager, version, subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  const text = ({ operation, time, manager, apiVersion, subresource }: Manager): string =>
    [operation, time === undefined ? '' : time.slice(0, 19), manager, apiVersion, subresource ?? ''].join('\u0000');
  const sorted = [...managers.values()].toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
  return sorted.map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields.toJSON(),
    ...(subresource !== undefined && { subresource }),
  }));
}

/** Replaces an object's managedFields; none are left out. */
export function storeManagers(object: KubeObject, managers: Managers): void {
  const entries = encodeManagers(managers);
  if (entries.length > 0) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

/** A copy of the object without its managedFields, which are never part of a field set. */
export function withoutManagers(object: KubeObject): JsonObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What is never recorded as managed (stripmeta.go). */
export const unmanaged = FieldSet.of(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['metadata', name]),
);
