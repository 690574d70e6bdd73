/** Rights taken apart, one verb on one resource each, so that each can be said to be used or not. */

import type { KubeObject } from '../../../src/kube/objects.ts';
import { ruleAllows, type PolicyRule } from '../../cluster/auth/policyrules.ts';
import type { AccessAttributes } from '../../cluster/types.ts';
import type { RecordedCall } from './recording-proxy.ts';

/** One right: what stands in a role, for one verb, one resource and one name. */
export interface Grant {
  /** `ClusterRole sidecar-injector-operator`. */
  role: string;
  /** The namespace that it holds in; undefined everywhere. */
  namespace?: string | undefined;
  rule: PolicyRule;
}

/** One access that the API server asked authorization for. */
export type Access = Omit<AccessAttributes, 'user'>;

interface RoleLike extends KubeObject {
  rules?: PolicyRule[];
}

/** Every right that the manifests' roles give, taken apart. */
export const grantsOf = (manifests: readonly KubeObject[]): Grant[] =>
  manifests
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap((object) => {
      const { kind, metadata, rules = [] } = object as RoleLike;
      return rules.flatMap((rule) =>
        partsOf(rule).map((part) => ({
          role: `${kind} ${metadata.name}`,
          namespace: metadata.namespace,
          rule: part,
        })),
      );
    });

const partsOf = ({ apiGroups = [], resources = [], verbs, resourceNames = [] }: PolicyRule): PolicyRule[] =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        (resourceNames.length === 0 ? [undefined] : resourceNames).map((name) => ({
          apiGroups: [group],
          resources: [resource],
          verbs: [verb],
          ...(name !== undefined && { resourceNames: [name] }),
        })),
      ),
    ),
  );

/** `ClusterRole x: get "" pods`. */
export const describeGrant = ({ role, rule }: Grant): string => {
  const group = rule.apiGroups?.[0] === '' ? '' : `.${rule.apiGroups?.[0]}`;
  const names = rule.resourceNames === undefined ? '' : ` ${rule.resourceNames.join()}`;
  return `${role}: ${rule.verbs[0]} ${rule.resources?.[0]}${group}${names}`;
};

export const covers = ({ namespace, rule }: Grant, access: Access): boolean =>
  (namespace === undefined || namespace === access.namespace) &&
  ruleAllows(rule, { user: { username: '', groups: [] }, ...access });

interface SigningRequest {
  spec?: { signerName?: string };
  status?: { certificate?: string };
}

/**
 * What the API server asks authorization for, for one call: the call itself; `create` for an apply that creates
 * (endpoints/handlers/patch.go, withAuthorization); for a decision about a certificate, the right on its signer
 * (plugin/pkg/admission/certificates).
 */
export const accessesOf = ({ verb, resource, status, body }: RecordedCall): Access[] => {
  if (resource === undefined) return [];
  const { plural, ...target } = resource;
  const { group, subresource } = target;
  const own: Access = { verb, resource: plural, ...target };
  const accesses = [own];
  if (verb === 'patch' && status === 201) accesses.push({ ...own, verb: 'create' });
  if (plural === 'certificatesigningrequests' && verb === 'update') {
    const request = body as SigningRequest;
    const on = { group, resource: 'signers', name: request.spec?.signerName ?? '' };
    if (subresource === 'approval') accesses.push({ ...on, verb: 'approve' });
    if (subresource === 'status' && request.status?.certificate !== undefined) accesses.push({ ...on, verb: 'sign' });
  }
  return accesses;
};
