/** Nobody grants what he does not hold: the check of writes to RBAC objects (pkg/registry/rbac, the policybased storages). */
import { forbidden, quote } from '../status.ts';
import type { AdmissionAttributes, Authorizer, KubeObject, ObjectStore } from '../types.ts';
import { describeRule, goStrings, missingRules } from './policyrules.ts';
import type { PolicyRule } from './policyrules.ts';
import { RBAC, isPrivileged, roleRules, rulesOf } from './rbac.ts';
import type { RoleRef } from './rbac.ts';

const FULL_AUTHORITY: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

function aggregates(role: KubeObject | undefined): boolean {
  const rule = role?.['aggregationRule'] as { clusterRoleSelectors?: unknown[] } | undefined;
  return (rule?.clusterRoleSelectors?.length ?? 0) > 0;
}

/** Owner references and finalizers may change without holding the rights; they are the garbage collector's. */
function onlyCollectionFields(object: KubeObject, old: KubeObject): boolean {
  const rest = ({ metadata, ...fields }: KubeObject): string => {
    const { ownerReferences: _, finalizers: __, managedFields: ___, ...kept } = metadata;
    return JSON.stringify([kept, fields]);
  };
  return rest(object) === rest(old);
}

/**
 * Runs before mutating admission of a create or update in rbac.authorization.k8s.io.
 * @throws StatusError 403 naming the rules the user lacks.
 */
export function refuseEscalation(attributes: AdmissionAttributes, store: ObjectStore, authorizer: Authorizer): void {
  const { object, oldObject, operation, resource, user } = attributes;
  if (resource.group !== RBAC || object === undefined || operation === 'DELETE' || isPrivileged(user)) return;
  if (operation === 'UPDATE' && oldObject && onlyCollectionFields(object, oldObject)) return;
  const namespace = attributes.namespace ?? '';
  const target = { group: RBAC, plural: resource.plural };
  const place = attributes.namespace === undefined ? {} : { namespace: attributes.namespace };
  const may = (verb: string, plural: string, name: string): boolean =>
    authorizer.authorize({ user, verb, group: RBAC, version: '*', resource: plural, name, ...place }).allowed;

  const missing = (rules: PolicyRule[]): string | undefined => {
    const owned = rulesOf(store, user, namespace);
    const lacking = missingRules(
      owned.rules.map((held) => held.rule),
      rules,
    );
    if (lacking.length === 0) return undefined;
    const list = [...new Set(lacking.map((rule) => describeRule(rule)))].sort().join('\n');
    const unresolved = owned.errors.length > 0 ? `; resolution errors: [${owned.errors.join(' ')}]` : '';
    return `user ${quote(user.username)} (groups=${goStrings(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${list}${unresolved}`;
  };

  if (resource.plural === 'roles' || resource.plural === 'clusterroles') {
    if (may('escalate', resource.plural, attributes.name)) return;
    const text = missing((object['rules'] as PolicyRule[] | undefined) ?? []);
    if (text !== undefined) throw forbidden(target, object.metadata.name, text);
    if ((aggregates(object) || aggregates(oldObject)) && missing(FULL_AUTHORITY) !== undefined)
      throw forbidden(target, object.metadata.name, 'must have cluster-admin privileges to use the aggregationRule');
  } else {
    const ref = object['roleRef'] as RoleRef;
    if (may('bind', ref.kind === 'Role' ? 'roles' : 'clusterroles', ref.name)) return;
    const text = missing(roleRules(store, ref, namespace));
    if (text !== undefined) throw forbidden(target, object.metadata.name, text);
  }
}
