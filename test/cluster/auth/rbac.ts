/** The RBAC authorizer: who holds which rules where (pkg/registry/rbac/validation/rule.go, plugin/pkg/auth/authorizer/rbac). */
import { forbidden, notFound, quote } from '../status.ts';
import type { StatusError } from '../status.ts';
import type { AccessAttributes, Authorizer, KubeObject, ObjectStore, User } from '../types.ts';
import { ruleAllows } from './policyrules.ts';
import type { PolicyRule } from './policyrules.ts';
import { serviceAccountUsername } from './users.ts';

export const RBAC = 'rbac.authorization.k8s.io';
const PRIVILEGED_GROUP = 'system:masters';

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

export interface RoleRef {
  apiGroup: string;
  kind: string;
  name: string;
}

interface HeldRule {
  rule: PolicyRule;
  /** What gives the rule: `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  source: string;
}

export const rbacKey = (plural: string): string => `${plural}.${RBAC}`;

/** Members of system:masters may do everything, without any rule. */
export function isPrivileged(user: User): boolean {
  return user.groups.includes(PRIVILEGED_GROUP);
}

function appliesTo(user: User, subject: Subject, bindingNamespace: string): boolean {
  if (subject.kind === 'User') return user.username === subject.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  const namespace = subject.namespace || bindingNamespace;
  return (
    subject.kind === 'ServiceAccount' &&
    namespace !== '' &&
    user.username === serviceAccountUsername(namespace, subject.name)
  );
}

/** The rules of the role a binding refers to. @throws StatusError 404 when there is no such role. */
export function roleRules(store: ObjectStore, ref: RoleRef, namespace: string): PolicyRule[] {
  const plural = ref.kind === 'Role' ? 'roles' : 'clusterroles';
  const role = store.get(rbacKey(plural), ref.kind === 'Role' ? namespace : undefined, ref.name);
  if (role === undefined)
    throw notFound({ group: RBAC, plural: ref.kind === 'Role' ? 'role' : 'clusterrole' }, ref.name);
  return (role['rules'] as PolicyRule[] | undefined) ?? [];
}

function describeBinding(binding: KubeObject, subject: Subject): string {
  const { name, namespace } = binding.metadata;
  const ref = binding['roleRef'] as RoleRef;
  const account = subject.kind === 'ServiceAccount';
  const subjectName = account ? `${subject.name}/${subject.namespace || (namespace ?? '')}` : subject.name;
  const bindingName = namespace ? `${name}/${namespace}` : name;
  return `${namespace ? 'RoleBinding' : 'ClusterRoleBinding'} ${quote(bindingName)} of ${ref.kind} ${quote(ref.name)} to ${subject.kind} ${quote(subjectName)}`;
}

/** All rules that a user holds cluster-wide and, when given, in the namespace; bindings without their role are `errors`. */
export function rulesOf(store: ObjectStore, user: User, namespace = ''): { rules: HeldRule[]; errors: string[] } {
  const bindings = store.list(rbacKey('clusterrolebindings'));
  const local = namespace === '' ? [] : store.list(rbacKey('rolebindings'), namespace);
  const rules: HeldRule[] = [];
  const errors: string[] = [];
  for (const binding of [...bindings, ...local]) {
    const scope = binding.metadata.namespace ?? '';
    const subjects = (binding['subjects'] as Subject[] | undefined) ?? [];
    const subject = subjects.find((each) => appliesTo(user, each, scope));
    if (subject === undefined) continue;
    try {
      const source = describeBinding(binding, subject);
      for (const rule of roleRules(store, binding['roleRef'] as RoleRef, scope)) rules.push({ rule, source });
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { rules, errors };
}

/** Decides by the Roles and bindings that are stored at that moment. */
export function createAuthorizer(store: ObjectStore): Authorizer {
  return {
    authorize(attributes) {
      if (isPrivileged(attributes.user)) return { allowed: true, reason: '' };
      const { rules, errors } = rulesOf(store, attributes.user, attributes.namespace);
      const held = rules.find(({ rule }) => ruleAllows(rule, attributes));
      if (held) return { allowed: true, reason: `RBAC: allowed by ${held.source}` };
      if (errors.length === 0) return { allowed: false, reason: '' };
      return { allowed: false, reason: `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}` };
    },
  };
}

/** The 403 of a request that authorization refused (apiserver/pkg/endpoints/handlers/responsewriters/errors.go). */
export function accessForbidden(attributes: AccessAttributes, reason: string): StatusError {
  const { user, verb, resource, subresource, namespace, path } = attributes;
  let text = `User ${quote(user.username)} cannot ${verb} path ${quote(path ?? '')}`;
  if (resource !== undefined) {
    const target = quote(subresource ? `${resource}/${subresource}` : resource);
    const place = namespace ? `in the namespace ${quote(namespace)}` : 'at the cluster scope';
    text = `User ${quote(user.username)} cannot ${verb} resource ${target} in API group ${quote(attributes.group ?? '')} ${place}`;
  }
  const message = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const target = { group: attributes.group ?? '', plural: resource ?? '' };
  return forbidden(
    target,
    resource === undefined ? '' : (attributes.name ?? ''),
    reason ? `${message}: ${reason}` : message,
  );
}
