import { bodyText } from '../http/body.ts';
import { deleteOptions, optionsForReview, writeOptions } from '../http/options.ts';
import { badRequest, methodNotSupported } from '../status.ts';
import { copy } from '../storage/json.ts';
import type { Admission, AdmissionAttributes, JsonObject, KubeObject, Subresource } from '../types.ts';
import { attributesOf, managerOf, writeContext } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { deleteObject } from './delete.ts';
import { trackFields } from './fields.ts';
import { live } from './get.ts';
import { checkNamespaceLifecycle } from './namespace-lifecycle.ts';
import { writeObject } from './update.ts';

/** A subresource that answers by itself (token, eviction, binding, scale). */
export async function connect(call: Call, method: string, subresource: Subresource): Promise<Outcome> {
  const kind = method === 'POST' ? 'CreateOptions' : method === 'PATCH' ? 'PatchOptions' : 'UpdateOptions';
  const options = writeOptions(kind, call.query, call.contentType.startsWith('application/apply-patch'));
  const admit = (operation: 'CREATE' | 'UPDATE', object: KubeObject, oldObject?: KubeObject): Promise<KubeObject> => {
    const review = optionsForReview(operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions', options);
    return admitted(
      call,
      attributesOf(call, operation, { object, oldObject, options: review, dryRun: options.dryRun }),
    );
  };
  const object = copy(live(call));
  const sent = method === 'GET' ? undefined : parseBody(call);
  const answer = await subresource.handle?.({
    method,
    object,
    body: method === 'POST' && sent !== undefined ? await admit('CREATE', identified(sent, object)) : sent,
    contentType: call.contentType,
    query: call.query,
    context: writeContext(call, options.dryRun),
    admit: (changed, old) => admit('UPDATE', changed, old),
    async update(change, part) {
      const rest = behindAdmission(call);
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
      const rest = behindAdmission(call);
      const given = deleteOptions(call.query, body);
      return (await deleteObject(rest, { ...given, dryRun: given.dryRun || options.dryRun })).object;
    },
  });
  if (!answer) throw methodNotSupported(call.resource, method);
  return { status: answer.status, body: answer.body as JsonObject };
}

/** Plugins and webhooks see what was sent, not what becomes of the object that it is about. */
async function admitted(call: Call, attributes: AdmissionAttributes): Promise<KubeObject> {
  const { admission, store } = call.parts;
  checkNamespaceLifecycle(attributes, store);
  const object = await admission.mutate(attributes, () => {});
  await admission.validate({ ...attributes, object });
  if (object === undefined) throw badRequest('nothing was sent');
  return object;
}

function behindAdmission(call: Call): Call {
  const { subresource: _own, ...rest } = call;
  const admission: Admission = { mutate: async ({ object }) => object, validate: async () => {} };
  return { ...rest, parts: { ...call.parts, admission } };
}

/** What is sent may leave out what the path says. */
function identified(sent: KubeObject, { metadata: { name, namespace } }: KubeObject): KubeObject {
  const own = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...sent, metadata: { ...own, ...sent.metadata } };
}

function parseBody(call: Call): KubeObject {
  const json = call.contentType.includes('patch') ? call.body.toString('utf8') : bodyText(call.contentType, call.body);
  try {
    return JSON.parse(json) as KubeObject;
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}
