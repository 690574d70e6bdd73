/** Tables for kubectl (k8s.io/apiserver/pkg/endpoints/handlers/response.go, pkg/printers). */
import { badRequest } from '../status.ts';
import type { Column, JsonObject, KubeObject } from '../types.ts';

export interface TableOptions {
  columns: Column[];
  /** Of the meta.k8s.io group: v1, or v1beta1 for old clients. */
  version: string;
  /** The query parameter includeObject: None, Metadata (the default) or Object. */
  includeObject: string;
  now: Date;
}

/** PartialObjectMetadata: what a client that only needs metadata gets. */
export function partialMetadata(object: KubeObject, version = 'v1'): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

/** The table of the objects. `header` is false for the later events of a watch. */
export function table(objects: KubeObject[], metadata: JsonObject, options: TableOptions, header = true): JsonObject {
  const { columns, version, includeObject, now } = options;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: header ? columns.map((column) => definition(column)) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => cell(column, object, now)),
      object:
        includeObject === 'None' && !endsInitialEvents(object)
          ? null
          : includeObject === 'Object'
            ? object
            : partialMetadata(object, version),
    })),
  };
}

// The bookmark that ends the initial state must carry its annotation, whatever was asked for (handlers/response.go asTable).
function endsInitialEvents({ metadata }: KubeObject): boolean {
  return metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
}

/** Bookmarks are empty objects, which are in nobody's columns. */
function cell(column: Column, object: KubeObject, now: Date): unknown {
  return object.metadata.name ? column.value(object, now) : '';
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
