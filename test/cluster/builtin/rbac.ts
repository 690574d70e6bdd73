/** rbac.authorization.k8s.io: defaults (pkg/apis/rbac/v1/defaults.go) and validation (pkg/apis/rbac/validation/validation.go). */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '../types.ts';
import {
  invalidValue,
  isDNS1123Subdomain,
  isPathSegmentName,
  notSupported,
  required,
  validateLabelSelector,
} from '../validation.ts';
import { age, column, wideColumn } from './columns.ts';
import type { Rules } from './resource.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}
interface Subject {
  kind?: string;
  apiGroup?: string;
  name?: string;
  namespace?: string;
}
interface RoleRef {
  apiGroup?: string;
  kind?: string;
  name?: string;
}
interface Role extends KubeObject {
  rules?: PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: unknown[] };
}
interface Binding extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

function validateRule(rule: PolicyRule, namespaced: boolean, at: string): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const errors = verbs.length === 0 ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    const wrong = (text: string): FieldError => invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, text);
    if (namespaced) errors.push(wrong('namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      errors.push(wrong('rules cannot apply to both regular resources and non-resource URLs'));
    return errors;
  }
  if (apiGroups.length === 0)
    errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0)
    errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

function roleRules(namespaced: boolean): Rules {
  return {
    nameRule: isPathSegmentName,
    metadataOnUpdate: true,
    createOnUpdate: true,
    defaults(object) {
      // A required list without omitempty: null when there are no rules.
      const role = object as Role;
      if (!role.rules?.length) role.rules = null;
    },
    validate(object) {
      const { rules, aggregationRule } = object as Role;
      const errors = (rules ?? []).flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`));
      if (!aggregationRule) return errors;
      const path = 'aggregationRule.clusterRoleSelectors';
      const { clusterRoleSelectors = [] } = aggregationRule;
      if (clusterRoleSelectors.length === 0)
        errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
      return [
        ...errors,
        ...clusterRoleSelectors.flatMap((selector, index) => validateLabelSelector(selector, `${path}[${index}]`)),
      ];
    },
  };
}

function validateSubject(subject: Subject, namespaced: boolean, at: string): FieldError[] {
  const { kind = '', apiGroup = '', name = '', namespace = '' } = subject;
  const errors = name === '' ? [required(`${at}.name`)] : [];
  if (kind === 'ServiceAccount') {
    if (name !== '') for (const text of isDNS1123Subdomain(name)) errors.push(invalidValue(`${at}.name`, name, text));
    if (apiGroup !== '') errors.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
    if (!namespaced && namespace === '') errors.push(required(`${at}.namespace`));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== GROUP) errors.push(notSupported(`${at}.apiGroup`, apiGroup, [GROUP]));
  } else errors.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  return errors;
}

function subjectsCell(object: KubeObject, kind: string): string {
  const subjects = ((object as Binding).subjects ?? []).filter((subject) => subject.kind === kind);
  return subjects.map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : (name ?? ''))).join(', ');
}

function bindingRules(namespaced: boolean): Rules {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  return {
    nameRule: isPathSegmentName,
    metadataOnUpdate: true,
    createOnUpdate: true,
    defaults(object) {
      const binding = object as Binding;
      binding.roleRef ??= {};
      binding.roleRef.apiGroup ||= GROUP;
      for (const subject of binding.subjects ?? [])
        if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
    },
    validate(object, old) {
      const { roleRef, subjects = [] } = object as Binding;
      const { apiGroup = '', kind = '', name = '' } = roleRef;
      const errors = apiGroup === GROUP ? [] : [notSupported('roleRef.apiGroup', apiGroup, [GROUP])];
      if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
      if (name === '') errors.push(required('roleRef.name'));
      else errors.push(...isPathSegmentName(name).map((text) => invalidValue('roleRef.name', name, text)));
      errors.push(...subjects.flatMap((subject, index) => validateSubject(subject, namespaced, `subjects[${index}]`)));
      if (old && !isDeepStrictEqual(roleRef, (old as Binding).roleRef)) {
        // Go's struct of the reference, with its capital field names.
        errors.push(invalidValue('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef'));
      }
      return errors;
    },
    columns: [
      column('Role', (object) => `${(object as Binding).roleRef.kind}/${(object as Binding).roleRef.name}`),
      column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now)),
      wideColumn('Users', (object) => subjectsCell(object, 'User')),
      wideColumn('Groups', (object) => subjectsCell(object, 'Group')),
      wideColumn('ServiceAccounts', (object) => subjectsCell(object, 'ServiceAccount')),
    ],
  };
}

export const rbacRules = {
  roles: roleRules(true),
  clusterRoles: roleRules(false),
  roleBindings: bindingRules(true),
  clusterRoleBindings: bindingRules(false),
};
