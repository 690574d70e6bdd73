/** Every resource the API server serves without CustomResourceDefinitions: api/discovery of Kubernetes 1.36, default APIs. */
import { reviewResources } from '../auth/index.ts';
import type { Resource } from '../types.ts';
import { resource, type Entry } from './resource.ts';

const ALL = { categories: ['all'] };
const EXTENSION = { categories: ['api-extensions'], cluster: true };

const CATALOGUE: Record<string, Entry[]> = {
  v1: [
    { plural: 'componentstatuses', kind: 'ComponentStatus', cluster: true, short: ['cs'], verbs: ['get', 'list'] },
    { plural: 'configmaps', kind: 'ConfigMap', short: ['cm'] },
    { plural: 'endpoints', kind: 'Endpoints', short: ['ep'] },
    { plural: 'events', kind: 'Event', short: ['ev'] },
    { plural: 'limitranges', kind: 'LimitRange', short: ['limits'] },
    { plural: 'namespaces', kind: 'Namespace', cluster: true, short: ['ns'], status: true },
    { plural: 'nodes', kind: 'Node', cluster: true, short: ['no'], status: true },
    { plural: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', short: ['pvc'], status: true },
    { plural: 'persistentvolumes', kind: 'PersistentVolume', cluster: true, short: ['pv'], status: true },
    { plural: 'pods', kind: 'Pod', short: ['po'], status: true, ...ALL },
    { plural: 'podtemplates', kind: 'PodTemplate' },
    { plural: 'replicationcontrollers', kind: 'ReplicationController', short: ['rc'], status: true, ...ALL },
    { plural: 'resourcequotas', kind: 'ResourceQuota', short: ['quota'], status: true },
    { plural: 'secrets', kind: 'Secret' },
    { plural: 'serviceaccounts', kind: 'ServiceAccount', short: ['sa'] },
    { plural: 'services', kind: 'Service', short: ['svc'], status: true, ...ALL },
  ],
  'admissionregistration.k8s.io/v1': [
    { plural: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy', ...EXTENSION },
    { plural: 'mutatingadmissionpolicybindings', kind: 'MutatingAdmissionPolicyBinding', ...EXTENSION },
    { plural: 'mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', ...EXTENSION },
    { plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy', status: true, ...EXTENSION },
    { plural: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', ...EXTENSION },
    { plural: 'validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', ...EXTENSION },
  ],
  'apps/v1': [
    { plural: 'controllerrevisions', kind: 'ControllerRevision' },
    { plural: 'daemonsets', kind: 'DaemonSet', short: ['ds'], status: true, ...ALL },
    { plural: 'deployments', kind: 'Deployment', short: ['deploy'], status: true, ...ALL },
    { plural: 'replicasets', kind: 'ReplicaSet', short: ['rs'], status: true, ...ALL },
    { plural: 'statefulsets', kind: 'StatefulSet', short: ['sts'], status: true, ...ALL },
  ],
  'autoscaling/v2': [
    { plural: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', short: ['hpa'], status: true, ...ALL },
  ],
  'autoscaling/v1': [
    { plural: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', short: ['hpa'], status: true, ...ALL },
  ],
  'batch/v1': [
    { plural: 'cronjobs', kind: 'CronJob', short: ['cj'], status: true, ...ALL },
    { plural: 'jobs', kind: 'Job', status: true, ...ALL },
  ],
  'certificates.k8s.io/v1': [
    { plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest', cluster: true, short: ['csr'] },
  ],
  'coordination.k8s.io/v1': [{ plural: 'leases', kind: 'Lease' }],
  'discovery.k8s.io/v1': [{ plural: 'endpointslices', kind: 'EndpointSlice' }],
  'events.k8s.io/v1': [{ plural: 'events', kind: 'Event', short: ['ev'], storageKey: 'events' }],
  'flowcontrol.apiserver.k8s.io/v1': [
    { plural: 'flowschemas', kind: 'FlowSchema', cluster: true, status: true },
    { plural: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration', cluster: true, status: true },
  ],
  'networking.k8s.io/v1': [
    { plural: 'ingressclasses', kind: 'IngressClass', cluster: true },
    { plural: 'ingresses', kind: 'Ingress', short: ['ing'], status: true },
    { plural: 'ipaddresses', kind: 'IPAddress', cluster: true, short: ['ip'] },
    { plural: 'networkpolicies', kind: 'NetworkPolicy', short: ['netpol'] },
    { plural: 'servicecidrs', kind: 'ServiceCIDR', cluster: true, status: true },
  ],
  'node.k8s.io/v1': [{ plural: 'runtimeclasses', kind: 'RuntimeClass', cluster: true }],
  'policy/v1': [{ plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', short: ['pdb'], status: true }],
  'rbac.authorization.k8s.io/v1': [
    { plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true },
    { plural: 'clusterroles', kind: 'ClusterRole', cluster: true },
    { plural: 'rolebindings', kind: 'RoleBinding' },
    { plural: 'roles', kind: 'Role' },
  ],
  'scheduling.k8s.io/v1': [{ plural: 'priorityclasses', kind: 'PriorityClass', cluster: true, short: ['pc'] }],
  'storage.k8s.io/v1': [
    { plural: 'csidrivers', kind: 'CSIDriver', cluster: true },
    { plural: 'csinodes', kind: 'CSINode', cluster: true },
    { plural: 'csistoragecapacities', kind: 'CSIStorageCapacity' },
    { plural: 'storageclasses', kind: 'StorageClass', cluster: true, short: ['sc'] },
    { plural: 'volumeattachments', kind: 'VolumeAttachment', cluster: true, status: true },
    { plural: 'volumeattributesclasses', kind: 'VolumeAttributesClass', cluster: true, short: ['vac'] },
  ],
};

/** All built-in resources, in the order of discovery. */
export function builtinResources(): Resource[] {
  const stored = Object.entries(CATALOGUE).flatMap(([groupVersion, entries]) => {
    const [version = '', group = ''] = groupVersion.split('/').reverse();
    return entries.map((entry) => resource(group, version, entry));
  });
  return [...stored, ...reviewResources()];
}
