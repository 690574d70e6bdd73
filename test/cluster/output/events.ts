import type { StatusBody } from '../status.ts';
import type { KubeObject, WatchEvent } from '../types.ts';
import { inVersion } from '../verbs/call.ts';
import type { EventEncoder } from '../verbs/watch.ts';
import type { Form } from './render.ts';
import { partialMetadata, table } from './table.ts';

/** Bytes of events, by form: a hundred watchers of one object cost one encoding. They live as long as the event is kept. */
const shared = new WeakMap<WatchEvent, Map<string, Buffer>>();

function line(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}

/** How one watcher's events are written (endpoints/handlers/watch.go, response.go watchEncoder). */
export function eventEncoder(form: Form): EventEncoder {
  const { resource, output, now, includeObject } = form;
  const { kind, version = 'v1' } = output.as ?? {};
  let header = true;
  const shown = (object: KubeObject | StatusBody): unknown => {
    if (object.kind === 'Status') return object;
    const current = inVersion(resource, object as KubeObject);
    if (kind === 'Table') {
      const options = { columns: resource.columns, version, includeObject, now };
      const rows = table([current], { resourceVersion: current.metadata.resourceVersion }, options, header);
      header = false;
      return rows;
    }
    return kind === undefined ? current : partialMetadata(current, version);
  };
  // Tables carry their header once for each watcher, and bookmarks belong to one watcher: neither is shared.
  const key = `${resource.group}/${resource.version}/${version}/${kind ?? ''}/`;
  return (type, object, event) => {
    if (!event || kind === 'Table') return line(type, shown(object));
    let encodings = shared.get(event);
    if (!encodings) shared.set(event, (encodings = new Map()));
    let bytes = encodings.get(key + type);
    if (!bytes) encodings.set(key + type, (bytes = line(type, shown(object))));
    return bytes;
  };
}
