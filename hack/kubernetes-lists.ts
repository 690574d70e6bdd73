/**
 * How lists and maps of built-in types merge: by key, as a set, or as one value, and the keys of strategic merge patches.
 * No package carries it. Read in Kubernetes' `+listType`, `+mapType`, `+patchStrategy` markers: staging/src/k8s.io/api/<group>/<version>/types.go,
 * apimachinery/pkg/apis/meta/v1/types.go, apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go. A list that is not here is one value.
 */
import type { Schema } from '../test/cluster/types.ts';

interface ListRule {
  /** Keys of a list that is a map. */
  keys?: string[];
  set?: true;
  /** Key of strategic merge patches; by default the first of `keys`. Null: the patch replaces the list. */
  patchKey?: string | null;
  retainKeys?: true;
}

const byName: ListRule = { keys: ['name'] };
const byType: ListRule = { keys: ['type'] };
/** A list map for apply that strategic merge patches nevertheless replace. */
const conditions: ListRule = { keys: ['type'], patchKey: null };
const container: Record<string, ListRule> = {
  env: byName,
  ports: { keys: ['containerPort', 'protocol'] },
  volumeDevices: { keys: ['devicePath'] },
  volumeMounts: { keys: ['mountPath'] },
};

/** By the generated class of client-node. */
const lists: Record<string, Record<string, ListRule>> = {
  V1Container: container,
  V1ContainerStatus: { volumeMounts: { keys: ['mountPath'] } },
  V1CSINodeSpec: { drivers: byName },
  V1CertificateSigningRequestStatus: { conditions },
  V1ContainerRestartRuleOnExitCodes: { values: { set: true } },
  V1CSIDriverSpec: { volumeLifecycleModes: { set: true } },
  V1CustomResourceDefinitionStatus: { conditions },
  V1DaemonSetStatus: { conditions: byType },
  V1DeploymentStatus: { conditions: byType },
  V1Endpoint: { addresses: { set: true } },
  V1EphemeralContainer: container,
  V1JSONSchemaProps: { 'x-kubernetes-validations': { keys: ['rule'] } },
  V1JobStatus: { conditions: { patchKey: 'type' } },
  V1MutatingAdmissionPolicySpec: { matchConditions: byName },
  V1MutatingWebhook: { matchConditions: byName },
  V1MutatingWebhookConfiguration: { webhooks: byName },
  V1NamespaceStatus: { conditions: byType },
  V1NodeSpec: { podCIDRs: { set: true, patchKey: '' } },
  V1NodeStatus: { addresses: byType, conditions: byType },
  V1ObjectMeta: { finalizers: { set: true, patchKey: '' }, ownerReferences: { keys: ['uid'] } },
  V1PersistentVolumeClaimStatus: { conditions: byType },
  V1PodDisruptionBudgetStatus: { conditions: byType },
  V1PodSpec: {
    containers: byName,
    ephemeralContainers: byName,
    hostAliases: { keys: ['ip'] },
    imagePullSecrets: byName,
    initContainers: byName,
    resourceClaims: { ...byName, retainKeys: true },
    schedulingGates: byName,
    topologySpreadConstraints: { keys: ['topologyKey', 'whenUnsatisfiable'] },
    volumes: { ...byName, retainKeys: true },
  },
  V1PodStatus: {
    conditions: byType,
    hostIPs: { patchKey: 'ip' },
    podIPs: { keys: ['ip'] },
    resourceClaimStatuses: { ...byName, retainKeys: true },
  },
  V1PodFailurePolicyOnExitCodesRequirement: { values: { set: true } },
  V1ReplicaSetStatus: { conditions: byType },
  V1ReplicationControllerStatus: { conditions: byType },
  V1ResourceRequirements: { claims: { keys: ['name'], patchKey: null } },
  V1ServiceAccount: { secrets: byName },
  V1ServiceSpec: { ports: { keys: ['port', 'protocol'] } },
  V1ServiceStatus: { conditions: byType },
  V1StatefulSetStatus: { conditions: byType },
  V1UncountedTerminatedPods: { failed: { set: true }, succeeded: { set: true } },
  V1ValidatingAdmissionPolicyBindingSpec: { validationActions: { set: true } },
  V1ValidatingAdmissionPolicySpec: { matchConditions: byName, variables: byName },
  V1ValidatingAdmissionPolicyStatus: { conditions },
  V1ValidatingWebhook: { matchConditions: byName },
  V1ValidatingWebhookConfiguration: { webhooks: byName },
};

/** Structs that apply treats as one value (`+structType=atomic`). */
const atomicTypes = new Set(
  [
    [
      'ConfigMapKeySelector',
      'FileKeySelector',
      'LocalObjectReference',
      'NodeSelector',
      'NodeSelectorTerm',
      'ObjectFieldSelector',
      'ObjectReference',
    ],
    [
      'ResourceFieldSelector',
      'ScopeSelector',
      'SecretKeySelector',
      'SecretReference',
      'TopologySelectorTerm',
      'TypedLocalObjectReference',
    ],
    [
      'LabelSelector',
      'OwnerReference',
      'RoleRef',
      'ServiceBackendPort',
      'MatchResources',
      'NamedRuleWithOperations',
      'ParamKind',
      'ParamRef',
      'Variable',
    ],
  ]
    .flat()
    .map((name) => `V1${name}`)
    .concat('RbacV1Subject', 'DiscoveryV1EndpointPort', 'CoreV1EndpointPort', 'V1EndpointAddress'),
);

/** Maps that apply treats as one value (`+mapType=atomic`). */
const atomicMaps: Record<string, string[]> = {
  V1PodSpec: ['nodeSelector'],
  V1ReplicationControllerSpec: ['selector'],
  V1ServiceSpec: ['selector'],
  V1Scheduling: ['nodeSelector'],
};

/** Defaults of fields that are keys of lists: needed to find an element whose key is left out (`+default=`). */
const keyDefaults: Record<string, Record<string, string | number>> = {
  V1ContainerPort: { protocol: 'TCP' },
  V1ServicePort: { protocol: 'TCP' },
};

/** What a field that is no pointer has when it is left out (kube-openapi/pkg/generators: mustEnforceDefault). */
const zeroOf: Record<string, string | number> = { string: '', integer: 0 };

/** Marks the fields of a fresh schema with how they merge. */
export function markLists(className: string, schema: Schema): void {
  const properties = schema.properties ?? {};
  if (atomicTypes.has(className)) schema['x-kubernetes-map-type'] = 'atomic';
  for (const [field, rule] of Object.entries(lists[className] ?? {})) {
    const property = properties[field];
    if (property !== undefined) properties[field] = { ...property, ...marksOf(rule) };
  }
  for (const field of atomicMaps[className] ?? [])
    properties[field] = { ...properties[field], 'x-kubernetes-map-type': 'atomic' };
  const zeros = Object.keys(properties)
    .filter((field) => schema.required?.includes(field) && Object.hasOwn(zeroOf, properties[field]?.type ?? ''))
    .map((field) => [field, zeroOf[properties[field]?.type ?? ''] ?? '']);
  for (const [field, value] of Object.entries({ ...Object.fromEntries(zeros), ...keyDefaults[className] }))
    properties[field] = { ...properties[field], default: value };
  // The only field outside lists and maps that has a patch strategy in the types served here.
  if (className === 'V1DeploymentSpec')
    properties['strategy'] = { ...properties['strategy'], 'x-kubernetes-patch-strategy': 'retainKeys' };
}

function marksOf(rule: ListRule): Schema {
  const patchKey = rule.patchKey === undefined ? rule.keys?.[0] : rule.patchKey;
  return {
    ...(rule.keys !== undefined && { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': rule.keys }),
    ...(rule.set && { 'x-kubernetes-list-type': 'set' }),
    // An empty patch key is a list of plain values, merged as a set.
    ...(patchKey !== undefined &&
      patchKey !== null && { 'x-kubernetes-patch-strategy': rule.retainKeys ? 'merge,retainKeys' : 'merge' }),
    ...(patchKey && { 'x-kubernetes-patch-merge-key': patchKey }),
  };
}
