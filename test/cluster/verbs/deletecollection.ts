import { setImmediate } from 'node:timers/promises';
import { deleteOptions, listOptions } from '../http/options.ts';
import { StatusError } from '../status.ts';
import type { KubeObject } from '../types.ts';
import { inVersion } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { decodeDeleteOptions } from './decode.ts';
import { deleteObject } from './delete.ts';
import { pageOf } from './list.ts';

// After so many objects others get their turn, so that watchers can keep up.
const TURN = 100;

/** DELETE of a collection: each selected object on its own; answers with what was found (Store.DeleteCollection). */
export async function removeCollection(call: Call): Promise<Outcome> {
  const { resource } = call;
  const { items, metadata } = pageOf(call, { ...listOptions(call.query), watch: false });
  const options = deleteOptions(call.query, decodeDeleteOptions(call));
  const found: KubeObject[] = [];
  for (const [index, item] of items.entries()) {
    if (index % TURN === TURN - 1) await setImmediate();
    const { name, namespace } = item.metadata;
    try {
      // The request names none of them, and so do the reviews.
      await deleteObject({ ...call, name, ...(namespace === undefined ? {} : { namespace }) }, options, '');
      found.push(inVersion(resource, item));
    } catch (error) {
      // Somebody else was faster: what is gone is as good as deleted.
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    }
  }
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  return { status: 200, body: { kind: resource.listKind, apiVersion, metadata, items: found } };
}
