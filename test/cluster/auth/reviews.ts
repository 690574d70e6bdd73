/** Resources that answer instead of being stored: who am I, may I, whose token is this (pkg/registry/{authentication,authorization}). */
import { badRequest, invalid } from '../status.ts';
import type { AccessAttributes, FieldError, JsonObject, KubeObject, Resource, User, WriteContext } from '../types.ts';
import { authenticatorOf } from './authenticator.ts';
import { createAuthorizer, rulesOf } from './rbac.ts';

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

interface ReviewSpec {
  resourceAttributes?: JsonObject | null;
  nonResourceAttributes?: JsonObject | null;
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

function userInfo(user: User): JsonObject {
  const { username, uid, groups, extra } = user;
  return { username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

function reviewed(spec: ReviewSpec, user: User): AccessAttributes {
  const text = (key: string): string =>
    (spec.resourceAttributes?.[key] ?? spec.nonResourceAttributes?.[key] ?? '') as string;
  if (!spec.resourceAttributes) return { user, verb: text('verb'), path: text('path') };
  return {
    user,
    verb: text('verb'),
    group: text('group'),
    version: text('version'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  };
}

/** pkg/apis/authorization/validation. */
function validate(object: KubeObject, spec: ReviewSpec, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (field: string, value: unknown, detail: string): number =>
    errors.push({ type: 'Invalid', field, value, detail });
  if (spec.resourceAttributes && spec.nonResourceAttributes)
    wrong(
      'spec.nonResourceAttributes',
      spec.nonResourceAttributes,
      'cannot be specified in combination with resourceAttributes',
    );
  if (!spec.resourceAttributes && !spec.nonResourceAttributes)
    wrong(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  if (kind !== 'SelfSubjectAccessReview' && !spec.user && !spec.groups?.length)
    wrong('spec.user', '', 'at least one of user or group must be specified');
  const { namespace, ...metadata } = object.metadata as Partial<KubeObject['metadata']>;
  const local = kind === 'LocalSubjectAccessReview';
  if (Object.keys(metadata).some((key) => key !== 'managedFields'))
    wrong('metadata', object.metadata, local ? 'must be empty except for namespace' : 'must be empty');
  if (local && spec.resourceAttributes && spec.resourceAttributes['namespace'] !== namespace)
    wrong(
      'spec.resourceAttributes.namespace',
      spec.resourceAttributes['namespace'] ?? '',
      'must match metadata.namespace',
    );
  if (local && spec.nonResourceAttributes)
    wrong('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request');
  return errors;
}

/** SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview. */
function accessReview(kind: string) {
  return (object: KubeObject, { store, user }: WriteContext): KubeObject => {
    const spec = (object['spec'] ?? {}) as ReviewSpec;
    const errors = validate(object, spec, kind);
    // The real server loses the kind here: `.authorization.k8s.io "" is invalid`.
    if (errors.length > 0) throw invalid({ group: AUTHORIZATION, kind: '' }, '', errors);
    const { user: username = '', groups = [], uid, extra } = spec;
    const other: User = { username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    const subject = kind === 'SelfSubjectAccessReview' ? user : other;
    const { allowed, reason } = createAuthorizer(store).authorize(reviewed(spec, subject));
    return { ...object, status: { allowed, ...(reason ? { reason } : {}) } };
  };
}

function rulesReview(object: KubeObject, { store, user }: WriteContext): KubeObject {
  const { namespace } = (object['spec'] ?? {}) as { namespace?: string };
  if (!namespace) throw badRequest('no namespace on request');
  const { rules: held, errors } = rulesOf(store, user, namespace);
  const rules = held.map(({ rule }) => rule);
  const resourceRules = rules.flatMap(({ verbs, apiGroups, resources, resourceNames }) =>
    resources?.length ? [{ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) }] : [],
  );
  const nonResourceRules = rules.flatMap(({ verbs, nonResourceURLs }) =>
    nonResourceURLs?.length ? [{ verbs, nonResourceURLs }] : [],
  );
  const failed = errors.length > 0 ? { evaluationError: errors.join(', ') } : {};
  return { ...object, spec: {}, status: { resourceRules, nonResourceRules, incomplete: false, ...failed } };
}

function selfReview(object: KubeObject, { user, now }: WriteContext): KubeObject {
  const creationTimestamp = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return { ...object, metadata: { ...object.metadata, creationTimestamp }, status: { userInfo: userInfo(user) } };
}

function tokenReview(object: KubeObject, { store }: WriteContext): KubeObject {
  const { token, audiences = [] } = (object['spec'] ?? {}) as { token?: string; audiences?: string[] };
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const answer = authenticatorOf(store).review(token, audiences);
  if ('error' in answer) return { ...object, status: { user: {}, error: answer.error } };
  return { ...object, status: { authenticated: true, user: userInfo(answer.user), audiences: answer.audiences } };
}

function review(group: string, kind: string, namespaced: boolean, virtual: NonNullable<Resource['virtual']>): Resource {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    plural: `${singular}s`,
    singular,
    kind,
    listKind: '',
    namespaced,
    shortNames: [],
    categories: [],
    verbs: ['create'],
    subresources: {},
    strategy: {},
    schema: () => undefined,
    columns: [],
    virtual,
    storageKey: `${singular}s.${group}`,
  };
}

/** All reviews, of authentication.k8s.io/v1 and authorization.k8s.io/v1. */
export function reviewResources(): Resource[] {
  return [
    review(AUTHENTICATION, 'SelfSubjectReview', false, selfReview),
    review(AUTHENTICATION, 'TokenReview', false, tokenReview),
    review(AUTHORIZATION, 'SelfSubjectAccessReview', false, accessReview('SelfSubjectAccessReview')),
    review(AUTHORIZATION, 'SubjectAccessReview', false, accessReview('SubjectAccessReview')),
    review(AUTHORIZATION, 'LocalSubjectAccessReview', true, accessReview('LocalSubjectAccessReview')),
    review(AUTHORIZATION, 'SelfSubjectRulesReview', false, rulesReview),
  ];
}
