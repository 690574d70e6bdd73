import { accessForbidden } from '../auth/index.ts';
import type { StatusError } from '../status.ts';
import type { AccessAttributes, Authorizer, User } from '../types.ts';

/** The 403 of an access that is not allowed; undefined when it is. */
export function denial(authorizer: Authorizer, attributes: AccessAttributes): StatusError | undefined {
  const { allowed, reason } = authorizer.authorize(attributes);
  return allowed ? undefined : accessForbidden(attributes, reason);
}

interface Target {
  user: User;
  resource: { group: string; version: string; plural: string };
  subresource?: string;
  namespace?: string;
  name: string;
}

/** The same for a verb on the resource of a call. */
export function accessDenied(authorizer: Authorizer, target: Target, verb: string): StatusError | undefined {
  const { group, version, plural } = target.resource;
  return denial(authorizer, {
    user: target.user,
    verb,
    group,
    version,
    resource: plural,
    ...(target.subresource === undefined ? {} : { subresource: target.subresource }),
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    name: target.name,
  });
}
