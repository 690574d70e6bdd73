/** Names and groups of users, as authentication makes them. */
import type { User } from '../types.ts';

export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
export const ANONYMOUS: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

export function serviceAccountUsername(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The user that a service account's token stands for, without system:authenticated. */
export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string,
  extra: Record<string, string[]>,
): User {
  return {
    username: serviceAccountUsername(namespace, name),
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  };
}

/** Everybody who proved who he is belongs to system:authenticated. */
export function authenticated(user: User): User {
  if (user.groups.includes('system:authenticated')) return user;
  return { ...user, groups: [...user.groups, 'system:authenticated'] };
}
