/** Acting as somebody else: Impersonate-User and its companions (endpoints/filters/impersonation.go). */
import type { IncomingHttpHeaders } from 'node:http';
import { internalError } from '../status.ts';
import type { AccessAttributes, Authorizer, User } from '../types.ts';
import { denial } from '../verbs/access.ts';

const SERVICE_ACCOUNT = 'system:serviceaccount:';

function header(headers: IncomingHttpHeaders, name: string): string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim());
}

/** The user that the request is made as. @throws StatusError 403 when that is not allowed */
export function impersonate(authorizer: Authorizer, user: User, headers: IncomingHttpHeaders): User {
  const [username] = header(headers, 'impersonate-user');
  const groups = header(headers, 'impersonate-group');
  if (username === undefined) {
    if (groups.length > 0) throw internalError('requested [{Group }] without impersonating a user');
    return user;
  }
  const [namespace = '', name = ''] = username.startsWith(SERVICE_ACCOUNT)
    ? username.slice(SERVICE_ACCOUNT.length).split(':')
    : [];
  const account = name !== '';
  const asked: Partial<AccessAttributes>[] = [
    account ? { resource: 'serviceaccounts', namespace, name } : { resource: 'users', name: username },
    ...groups.map((group) => ({ resource: 'groups', name: group })),
  ];
  for (const attributes of asked) {
    const denied = denial(authorizer, { user, verb: 'impersonate', group: '', version: 'v1', ...attributes });
    if (denied) throw denied;
  }
  const implied = account ? ['system:serviceaccounts', `${SERVICE_ACCOUNT.slice(0, -1)}s:${namespace}`] : [];
  return { username, groups: [...(groups.length > 0 ? groups : implied), 'system:authenticated'] };
}
