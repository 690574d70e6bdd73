import { bodyText } from '../http/body.ts';
import { deleteOptions, writeOptions } from '../http/options.ts';
import { badRequest, methodNotSupported } from '../status.ts';
import { copy } from '../storage/json.ts';
import type { JsonObject, KubeObject, Subresource } from '../types.ts';
import { managerOf, writeContext } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { deleteObject } from './delete.ts';
import { trackFields } from './fields.ts';
import { live } from './get.ts';
import { writeObject } from './update.ts';

/** A subresource that answers by itself (token, eviction, binding, scale). */
export async function connect(call: Call, method: string, subresource: Subresource): Promise<Outcome> {
  const kind = method === 'POST' ? 'CreateOptions' : method === 'PATCH' ? 'PatchOptions' : 'UpdateOptions';
  const options = writeOptions(kind, call.query, call.contentType.startsWith('application/apply-patch'));
  const answer = await subresource.handle?.({
    method,
    object: copy(live(call)),
    body: method === 'GET' ? undefined : parseBody(call),
    contentType: call.contentType,
    query: call.query,
    context: writeContext(call, options.dryRun),
    async update(change, part) {
      const { subresource: _own, ...rest } = call;
      const target = part === undefined ? rest : { ...rest, subresource: part };
      const { object } = await writeObject(target, {
        options,
        change(current) {
          const object = copy(current ?? live(call));
          change(object);
          trackFields(target, current, object, managerOf(call, options.fieldManager));
          return object;
        },
      });
      return object;
    },
    async remove(body: JsonObject) {
      const { subresource: _own, ...rest } = call;
      const given = deleteOptions(call.query, body);
      return (await deleteObject(rest, { ...given, dryRun: given.dryRun || options.dryRun })).object;
    },
  });
  if (!answer) throw methodNotSupported(call.resource, method);
  return { status: answer.status, body: answer.body as JsonObject };
}

function parseBody(call: Call): KubeObject {
  const json = call.contentType.includes('patch') ? call.body.toString('utf8') : bodyText(call.contentType, call.body);
  try {
    return JSON.parse(json) as KubeObject;
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}
