import { failure } from '../status.ts';
import type { Call, Outcome } from './call.ts';
import { subresourceOf } from './call.ts';
import { create } from './create.ts';
import { remove } from './delete.ts';
import { removeCollection } from './deletecollection.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { connect } from './subresource.ts';
import { update } from './update.ts';

/** Runs the verb of a request for a resource (all but watch, which does not answer but go on). @throws StatusError */
export async function answer(call: Call, verb: string, method: string): Promise<Outcome> {
  if (call.resource.deprecation !== undefined) call.warn(call.resource.deprecation);
  const subresource = subresourceOf(call);
  if (subresource?.handle) return connect(call, method, subresource);
  switch (verb) {
    case 'get':
      return get(call);
    case 'list':
      return list(call);
    case 'create':
      return create(call);
    case 'update':
      return update(call);
    case 'patch':
      return patch(call);
    case 'delete':
      return remove(call);
    case 'deletecollection':
      return removeCollection(call);
    default:
      throw failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
  }
}
