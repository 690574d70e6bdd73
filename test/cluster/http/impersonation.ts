/** Acting as somebody else: Impersonate-User and its companions (endpoints/filters/impersonation/constrained_impersonation.go). */
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '../status.ts';
import type { AccessAttributes, Authorizer, User } from '../types.ts';
import { denial } from '../verbs/access.ts';

const SERVICE_ACCOUNT = 'system:serviceaccount:';
const NODE = 'system:node:';
const EXTRA = 'impersonate-extra-';

function header(headers: IncomingHttpHeaders, name: string): string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim());
}

/** Keys come in lower case, and may be URI-encoded. */
function extraOf(headers: IncomingHttpHeaders): Record<string, string[]> {
  const names = Object.keys(headers).filter((name) => name.startsWith(EXTRA));
  return Object.fromEntries(names.map((name) => [decodeURIComponent(name.slice(EXTRA.length)), header(headers, name)]));
}

/** The user that the request is made as. @throws StatusError 400; 403 when that is not allowed */
export function impersonate(authorizer: Authorizer, request: AccessAttributes, headers: IncomingHttpHeaders): User {
  const { user } = request;
  const [username] = header(headers, 'impersonate-user');
  const [uid] = header(headers, 'impersonate-uid');
  const groups = header(headers, 'impersonate-group');
  const extra = extraOf(headers);
  if (username === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return user;
    throw badRequest(`requested ${goUser({ uid, groups, extra })} without impersonating a user name`);
  }
  const [namespace = '', name = ''] = username.startsWith(SERVICE_ACCOUNT)
    ? username.slice(SERVICE_ACCOUNT.length).split(':')
    : [];
  const account = name !== '';
  const authentication = 'authentication.k8s.io';
  const node = username.startsWith(NODE) ? username.slice(NODE.length) : '';
  const rights = (verb: string, group: string): AccessAttributes[] => {
    const isNode = node !== '' && group !== '';
    const who = account
      ? { resource: 'serviceaccounts', namespace, name }
      : isNode
        ? { resource: 'nodes', name: node }
        : { resource: 'users', name: username };
    return wanted(who).map((attributes) => ({ user, verb, group, version: 'v1', ...attributes }));
  };
  const wanted = (who: Partial<AccessAttributes>): Partial<AccessAttributes>[] => [
    who,
    ...groups.map((group) => ({ resource: 'groups', name: group })),
    ...Object.entries(extra).flatMap(([subresource, values]) =>
      values.map((value) => ({ group: authentication, resource: 'userextras', subresource, name: value })),
    ),
    ...(uid === undefined ? [] : [{ group: authentication, resource: 'uids', name: uid }]),
  ];
  // Constrained modes come first: the right to be that user, and the right to do so for this very request (mode.go).
  const isBare = groups.length === 0 && uid === undefined && Object.keys(extra).length === 0;
  const special = account ? 'serviceaccount' : node === '' ? undefined : 'arbitrary-node';
  const modes = special === undefined ? ['user-info'] : isBare ? [special] : [];
  const attempts = [
    ...modes.map((mode) => [
      { ...request, verb: `impersonate-on:${mode}:${request.verb}` },
      ...rights(`impersonate:${mode}`, authentication),
    ]),
    rights('impersonate', ''),
  ];
  const denials = attempts.map((checks) => checks.map((check) => denial(authorizer, check)).find(Boolean));
  if (denials.every(Boolean)) throw denials[0] ?? badRequest('all impersonation modes failed');
  const implied = account ? ['system:serviceaccounts', `${SERVICE_ACCOUNT.slice(0, -1)}s:${namespace}`] : [];
  return {
    username,
    groups: withAuthentication(username, groups.length > 0 ? groups : implied),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Nobody is both authenticated and not; what the headers say of it counts. */
function withAuthentication(username: string, groups: string[]): string[] {
  const implied = username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  const said = groups.includes('system:unauthenticated') || groups.includes(implied);
  return said ? groups : [...groups, implied];
}

/** A user in Go's %#v. */
function goUser({ uid = '', groups, extra }: { uid: string | undefined; groups: string[]; extra: object }): string {
  const strings = (list: string[]): string => `[]string{${list.map((text) => JSON.stringify(text)).join(', ')}}`;
  const listed = groups.length === 0 ? '[]string(nil)' : strings(groups);
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${strings(values as string[])}`);
  const mapped = entries.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${listed}, Extra:${mapped}}`;
}
