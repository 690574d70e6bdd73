/** The ClusterRoles and bindings that a cluster starts with (plugin/pkg/auth/authorizer/rbac/bootstrappolicy). */
import type { JsonObject, KubeObject } from '../types.ts';
import type { PolicyRule } from './policyrules.ts';
import { RBAC } from './rbac.ts';

const READ = 'get list watch';
const WRITE = 'create delete deletecollection patch update';
const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';

const words = (text: string): string[] => text.split(' ');

/** `core` is the core group. */
function rule(verbs: string, groups: string, resources: string, ...resourceNames: string[]): PolicyRule {
  const apiGroups = words(groups).map((group) => (group === 'core' ? '' : group));
  const names = resourceNames.length > 0 ? { resourceNames } : {};
  return { verbs: words(verbs), apiGroups, resources: words(resources), ...names };
}

function object(kind: string, name: string, fields: JsonObject, labels: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: {
      name,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
    ...fields,
  };
}

const clusterRole = (name: string, rules: PolicyRule[], labels?: Record<string, string>): KubeObject =>
  object('ClusterRole', name, { rules }, labels);

function aggregated(name: string, labels?: Record<string, string>): KubeObject {
  const clusterRoleSelectors = [{ matchLabels: { [`${AGGREGATE}${name}`]: 'true' } }];
  return object('ClusterRole', name, { aggregationRule: { clusterRoleSelectors }, rules: [] }, labels);
}

function binding(role: string, groups: string): KubeObject {
  return object('ClusterRoleBinding', role, {
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: words(groups).map((name) => ({ kind: 'Group', apiGroup: RBAC, name })),
  });
}

const VIEW = [
  rule(
    READ,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  rule(
    READ,
    'core',
    'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'core events.k8s.io', 'events'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(
    READ,
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
  ),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
];

const EDIT = [
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    WRITE,
    'core',
    'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(WRITE, 'core events.k8s.io', 'events'),
  rule(
    WRITE,
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
  ),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(`${READ} ${WRITE}`, 'coordination.k8s.io', 'leases'),
];

const PUBLIC_PATHS = '/healthz /livez /readyz /version /version/';
const KEY_PATHS =
  '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/';
const paths = (list: string): PolicyRule => ({ verbs: ['get'], nonResourceURLs: words(list) });

function approver(signer: string): KubeObject {
  const name = `system:certificates.k8s.io:${signer}-approver`;
  return clusterRole(name, [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)]);
}

/** Roles for people (cluster-admin, admin, edit, view), discovery for everybody, approvers of the built-in signers. */
export function bootstrapObjects(): KubeObject[] {
  return [
    clusterRole('cluster-admin', [rule('*', '*', '*'), { verbs: ['*'], nonResourceURLs: ['*'] }]),
    aggregated('admin'),
    aggregated('edit', { [`${AGGREGATE}admin`]: 'true' }),
    aggregated('view', { [`${AGGREGATE}edit`]: 'true' }),
    clusterRole(
      'system:aggregate-to-admin',
      [
        rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
        rule(`${READ} ${WRITE}`, RBAC, 'rolebindings roles'),
      ],
      { [`${AGGREGATE}admin`]: 'true' },
    ),
    clusterRole('system:aggregate-to-edit', EDIT, { [`${AGGREGATE}edit`]: 'true' }),
    clusterRole('system:aggregate-to-view', VIEW, { [`${AGGREGATE}view`]: 'true' }),
    clusterRole('system:auth-delegator', [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ]),
    clusterRole('system:basic-user', [
      rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ]),
    clusterRole('system:discovery', [paths(`/api /api/* /apis /apis/* /openapi /openapi/* ${PUBLIC_PATHS}`)]),
    clusterRole('system:public-info-viewer', [paths(PUBLIC_PATHS)]),
    clusterRole('system:service-account-issuer-discovery', [paths(KEY_PATHS)]),
    approver('kube-apiserver-client'),
    approver('kube-apiserver-client-kubelet'),
    approver('kubelet-serving'),
    approver('legacy-unknown'),
    binding('cluster-admin', 'system:masters'),
    binding('system:basic-user', 'system:authenticated'),
    binding('system:discovery', 'system:authenticated'),
    binding('system:public-info-viewer', 'system:authenticated system:unauthenticated'),
    binding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
  ];
}
