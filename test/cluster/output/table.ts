/** Tables for kubectl (k8s.io/apiserver/pkg/endpoints/handlers/response.go, pkg/printers). */
import { badRequest } from '../status.ts';
import type { Column, JsonObject, KubeObject } from '../types.ts';

export interface TableOptions {
  columns: Column[];
  /** The query parameter includeObject: None, Metadata (the default) or Object. */
  includeObject: string;
  now: Date;
}

/** PartialObjectMetadata: what a client that only needs metadata gets. */
export function partialMetadata(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** The table of the objects. `header` is false for the later events of a watch. */
export function table(objects: KubeObject[], metadata: JsonObject, options: TableOptions, header = true): JsonObject {
  const { columns, includeObject, now } = options;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: header ? columns.map((column) => definition(column)) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, now)),
      object: includeObject === 'None' ? null : includeObject === 'Object' ? object : partialMetadata(object),
    })),
  };
}

function definition({ name, type, format = '', description = '', priority = 0 }: Column): JsonObject {
  return { name, type, format, description, priority };
}

/** @throws StatusError 400 for a value of includeObject that does not exist */
export function checkIncludeObject(value: string): void {
  if (['', 'None', 'Metadata', 'Object'].includes(value)) return;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
