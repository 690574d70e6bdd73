/** Every resource the API server serves without CustomResourceDefinitions: api/discovery of Kubernetes 1.36, default APIs. */
import {
  mutatingWebhookConfigurationRules,
  validatingAdmissionPolicyBindingRules,
  validatingAdmissionPolicyRules,
  validatingWebhookConfigurationRules,
} from '../admission/index.ts';
import { reviewResources, tokenSubresource } from '../auth/index.ts';
import type { Resource } from '../types.ts';
import {
  csrApprovalStrategy,
  csrColumns,
  csrStatusStrategy,
  csrStrategy,
  validateCsrAdmission,
} from '../certificates/strategy.ts';
import { cronJobRules, jobRules } from './batch.ts';
import { configMapRules, secretRules, serviceAccountRules } from './config.ts';
import { endpointSliceRules, leaseRules } from './coordination.ts';
import { coreEventRules, eventsEventRules } from './event.ts';
import { namespaceRules } from './namespace.ts';
import { ingressRules, networkPolicyRules } from './networking.ts';
import { nodeRules } from './node.ts';
import { podRules } from './pod.ts';
import { rbacRules } from './rbac.ts';
import { ALL_VERBS, resource, SUBRESOURCE_VERBS, type Entry } from './resource.ts';
import {
  controllerRevisionRules,
  COUNTED,
  CREATED_BY_PUT,
  disruptionBudgetRules,
  autoscalerRules,
  endpointsRules,
  ingressClassRules,
  limitRangeRules,
  podTemplateRules,
  quotaRules,
  storageClassRules,
  priorityClassRules,
  RETURNED,
  VERSIONED,
  volumeClaimRules,
  volumeRules,
} from './small.ts';
import { serviceRules } from './service.ts';
import {
  daemonSetRules,
  deploymentRules,
  replicaSetRules,
  replicationControllerRules,
  statefulSetRules,
} from './workloads.ts';

const NO_COLLECTIONS = ALL_VERBS.filter((verb) => verb !== 'deletecollection');
const ALL = { categories: ['all'] };
const EXTENSION = { categories: ['api-extensions'], cluster: true };

const CATALOGUE: Record<string, Entry[]> = {
  v1: [
    { plural: 'componentstatuses', kind: 'ComponentStatus', cluster: true, short: ['cs'], verbs: ['get', 'list'] },
    { plural: 'configmaps', kind: 'ConfigMap', short: ['cm'], rules: configMapRules },
    { plural: 'endpoints', kind: 'Endpoints', short: ['ep'], rules: endpointsRules },
    { plural: 'events', kind: 'Event', short: ['ev'], rules: coreEventRules },
    { plural: 'limitranges', kind: 'LimitRange', short: ['limits'], rules: limitRangeRules },
    {
      plural: 'namespaces',
      kind: 'Namespace',
      cluster: true,
      short: ['ns'],
      verbs: NO_COLLECTIONS,
      status: true,
      rules: namespaceRules,
    },
    { plural: 'nodes', kind: 'Node', cluster: true, short: ['no'], status: true, rules: nodeRules },
    {
      plural: 'persistentvolumeclaims',
      kind: 'PersistentVolumeClaim',
      short: ['pvc'],
      status: true,
      rules: volumeClaimRules,
    },
    {
      plural: 'persistentvolumes',
      kind: 'PersistentVolume',
      cluster: true,
      short: ['pv'],
      status: true,
      rules: volumeRules,
    },
    { plural: 'pods', kind: 'Pod', short: ['po'], status: true, rules: podRules, ...ALL },
    { plural: 'podtemplates', kind: 'PodTemplate', rules: podTemplateRules },
    {
      plural: 'replicationcontrollers',
      kind: 'ReplicationController',
      rules: replicationControllerRules,
      short: ['rc'],
      status: true,
      ...ALL,
    },
    { plural: 'resourcequotas', kind: 'ResourceQuota', short: ['quota'], status: true, rules: quotaRules },
    { plural: 'secrets', kind: 'Secret', rules: secretRules },
    {
      plural: 'serviceaccounts',
      kind: 'ServiceAccount',
      short: ['sa'],
      rules: { ...serviceAccountRules, returnsDeleted: true, subresources: { token: tokenSubresource } },
    },
    { plural: 'services', kind: 'Service', short: ['svc'], status: true, rules: serviceRules, ...ALL },
  ],
  'admissionregistration.k8s.io/v1': [
    { plural: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy', ...EXTENSION, rules: VERSIONED },
    {
      plural: 'mutatingadmissionpolicybindings',
      kind: 'MutatingAdmissionPolicyBinding',
      ...EXTENSION,
      rules: VERSIONED,
    },
    {
      plural: 'mutatingwebhookconfigurations',
      kind: 'MutatingWebhookConfiguration',
      rules: mutatingWebhookConfigurationRules,
      ...EXTENSION,
    },
    {
      plural: 'validatingadmissionpolicies',
      kind: 'ValidatingAdmissionPolicy',
      status: true,
      ...EXTENSION,
      rules: validatingAdmissionPolicyRules,
    },
    {
      plural: 'validatingadmissionpolicybindings',
      kind: 'ValidatingAdmissionPolicyBinding',
      ...EXTENSION,
      rules: validatingAdmissionPolicyBindingRules,
    },
    {
      plural: 'validatingwebhookconfigurations',
      kind: 'ValidatingWebhookConfiguration',
      rules: validatingWebhookConfigurationRules,
      ...EXTENSION,
    },
  ],
  'apps/v1': [
    { plural: 'controllerrevisions', kind: 'ControllerRevision', rules: controllerRevisionRules },
    { plural: 'daemonsets', kind: 'DaemonSet', short: ['ds'], status: true, rules: daemonSetRules, ...ALL },
    { plural: 'deployments', kind: 'Deployment', short: ['deploy'], status: true, rules: deploymentRules, ...ALL },
    { plural: 'replicasets', kind: 'ReplicaSet', short: ['rs'], status: true, rules: replicaSetRules, ...ALL },
    { plural: 'statefulsets', kind: 'StatefulSet', short: ['sts'], status: true, rules: statefulSetRules, ...ALL },
  ],
  'autoscaling/v2': [
    {
      plural: 'horizontalpodautoscalers',
      kind: 'HorizontalPodAutoscaler',
      short: ['hpa'],
      status: true,
      rules: autoscalerRules,
      ...ALL,
    },
  ],
  'autoscaling/v1': [
    {
      plural: 'horizontalpodautoscalers',
      kind: 'HorizontalPodAutoscaler',
      short: ['hpa'],
      status: true,
      rules: autoscalerRules,
      ...ALL,
    },
  ],
  'batch/v1': [
    { plural: 'cronjobs', kind: 'CronJob', rules: cronJobRules, short: ['cj'], status: true, ...ALL },
    { plural: 'jobs', kind: 'Job', rules: jobRules, status: true, ...ALL },
  ],
  'certificates.k8s.io/v1': [
    { plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest', cluster: true, short: ['csr'] },
  ],
  'coordination.k8s.io/v1': [{ plural: 'leases', kind: 'Lease', rules: leaseRules }],
  'discovery.k8s.io/v1': [{ plural: 'endpointslices', kind: 'EndpointSlice', rules: endpointSliceRules }],
  'events.k8s.io/v1': [
    { plural: 'events', kind: 'Event', short: ['ev'], rules: eventsEventRules, storageKey: 'events' },
  ],
  'flowcontrol.apiserver.k8s.io/v1': [
    { plural: 'flowschemas', kind: 'FlowSchema', rules: COUNTED, cluster: true, status: true },
    {
      plural: 'prioritylevelconfigurations',
      kind: 'PriorityLevelConfiguration',
      rules: COUNTED,
      cluster: true,
      status: true,
    },
  ],
  'networking.k8s.io/v1': [
    { plural: 'ingressclasses', kind: 'IngressClass', rules: ingressClassRules, cluster: true },
    { plural: 'ingresses', kind: 'Ingress', rules: ingressRules, short: ['ing'], status: true },
    { plural: 'ipaddresses', kind: 'IPAddress', cluster: true, short: ['ip'] },
    { plural: 'networkpolicies', kind: 'NetworkPolicy', rules: networkPolicyRules, short: ['netpol'] },
    { plural: 'servicecidrs', kind: 'ServiceCIDR', cluster: true, status: true },
  ],
  'node.k8s.io/v1': [
    { plural: 'runtimeclasses', kind: 'RuntimeClass', cluster: true, rules: { ...CREATED_BY_PUT, ...VERSIONED } },
  ],
  'policy/v1': [
    {
      plural: 'poddisruptionbudgets',
      kind: 'PodDisruptionBudget',
      short: ['pdb'],
      status: true,
      rules: disruptionBudgetRules,
    },
  ],
  'rbac.authorization.k8s.io/v1': [
    { plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true, rules: rbacRules.clusterRoleBindings },
    { plural: 'clusterroles', kind: 'ClusterRole', cluster: true, rules: rbacRules.clusterRoles },
    { plural: 'rolebindings', kind: 'RoleBinding', rules: rbacRules.roleBindings },
    { plural: 'roles', kind: 'Role', rules: rbacRules.roles },
  ],
  'resource.k8s.io/v1': [
    { plural: 'deviceclasses', kind: 'DeviceClass', cluster: true, rules: { ...COUNTED, ...RETURNED } },
    { plural: 'resourceclaims', kind: 'ResourceClaim', status: true, rules: RETURNED },
    { plural: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', rules: RETURNED },
    { plural: 'resourceslices', kind: 'ResourceSlice', cluster: true, rules: { ...COUNTED, ...RETURNED } },
  ],
  'scheduling.k8s.io/v1': [
    { plural: 'priorityclasses', kind: 'PriorityClass', rules: priorityClassRules, cluster: true, short: ['pc'] },
  ],
  'storage.k8s.io/v1': [
    { plural: 'csidrivers', kind: 'CSIDriver', cluster: true, rules: { ...VERSIONED, ...RETURNED } },
    { plural: 'csinodes', kind: 'CSINode', cluster: true, rules: { ...VERSIONED, ...RETURNED } },
    { plural: 'csistoragecapacities', kind: 'CSIStorageCapacity', rules: VERSIONED },
    { plural: 'storageclasses', kind: 'StorageClass', cluster: true, short: ['sc'], rules: storageClassRules },
    {
      plural: 'volumeattachments',
      kind: 'VolumeAttachment',
      cluster: true,
      status: true,
      rules: { ...VERSIONED, ...RETURNED },
    },
    {
      plural: 'volumeattributesclasses',
      kind: 'VolumeAttributesClass',
      cluster: true,
      short: ['vac'],
      rules: RETURNED,
    },
  ],
};

/** Resources whose strategies stand in folders of their own. */
function withOwnStrategy(plain: Resource): Resource {
  if (plain.kind !== 'CertificateSigningRequest') return plain;
  const { kind } = plain;
  return {
    ...plain,
    strategy: csrStrategy,
    columns: csrColumns,
    admission: { validate: validateCsrAdmission },
    subresources: {
      approval: { kind, verbs: SUBRESOURCE_VERBS, strategy: csrApprovalStrategy },
      status: { kind, verbs: SUBRESOURCE_VERBS, strategy: csrStatusStrategy },
    },
  };
}

/** All built-in resources, in the order of discovery. */
export function builtinResources(): Resource[] {
  const stored = Object.entries(CATALOGUE).flatMap(([groupVersion, entries]) => {
    const [version = '', group = ''] = groupVersion.split('/').reverse();
    return entries.map((entry) => resource(group, version, entry));
  });
  return [...stored.map(withOwnStrategy), ...reviewResources()];
}
