import { goTypeOf } from '../../../hack/kubernetes-types.ts';
import type { JsonObject, Schema } from '../types.ts';

/**
 * Fields that an empty object of a Go type has nevertheless: structs that are no pointers, and lists that are written as null
 * (staging/src/k8s.io/api/<group>/<version>/types.go). Whoever creates the object does not create, and so does not own, these.
 */
const present: Record<string, string[]> = {
  'v1.CertificateSigningRequest': ['spec', 'status'],
  'v1.CronJob': ['spec', 'status'],
  'v1.CronJobSpec': ['jobTemplate'],
  'v1.CustomResourceDefinition': ['spec', 'status'],
  'v1.CustomResourceDefinitionSpec': ['names', 'versions'],
  'v1.CustomResourceDefinitionStatus': ['acceptedNames', 'conditions', 'storedVersions'],
  'v1.DaemonSet': ['spec', 'status'],
  'v1.DaemonSetSpec': ['template', 'updateStrategy'],
  'v1.Deployment': ['spec', 'status'],
  'v1.DeploymentSpec': ['strategy', 'template'],
  'v1.EndpointSlice': ['endpoints'],
  'v1.Event': ['deprecatedSource', 'involvedObject', 'regarding', 'source'],
  'v1.Ingress': ['spec', 'status'],
  'v1.IngressStatus': ['loadBalancer'],
  'v1.Job': ['spec', 'status'],
  'v1.JobSpec': ['template'],
  'v1.JobTemplateSpec': ['metadata', 'spec'],
  'v1.Lease': ['spec'],
  'v1.LimitRange': ['spec'],
  'v1.LimitRangeSpec': ['limits'],
  'v1.Namespace': ['spec', 'status'],
  'v1.NetworkPolicy': ['spec'],
  'v1.Node': ['spec', 'status'],
  'v1.NodeDaemonEndpoints': ['kubeletEndpoint'],
  'v1.NodeStatus': ['daemonEndpoints', 'nodeInfo'],
  'v1.PersistentVolume': ['spec', 'status'],
  'v1.PersistentVolumeClaim': ['spec', 'status'],
  'v1.PersistentVolumeClaimSpec': ['resources'],
  'v1.Pod': ['spec', 'status'],
  'v1.PodDisruptionBudget': ['spec', 'status'],
  'v1.PodSpec': ['containers'],
  'v1.PodTemplate': ['template'],
  'v1.PodTemplateSpec': ['metadata', 'spec'],
  'v1.ReplicaSet': ['spec', 'status'],
  'v1.ReplicaSetSpec': ['template'],
  'v1.ReplicationController': ['spec', 'status'],
  'v1.ResourceQuota': ['spec', 'status'],
  'v1.Service': ['spec', 'status'],
  'v1.ServiceStatus': ['loadBalancer'],
  'v1.StatefulSet': ['spec', 'status'],
  'v1.StatefulSetSpec': ['template', 'updateStrategy'],
  'v2.HorizontalPodAutoscaler': ['spec', 'status'],
  'v2.HorizontalPodAutoscalerSpec': ['scaleTargetRef'],
};

/** What an object of a type is before anybody wrote anything into it: {} for custom resources. */
export function zeroObject(schema: Schema | undefined): JsonObject {
  const fields = schema === undefined ? [] : (present[goTypeOf(schema) ?? ''] ?? []);
  const known = fields.filter((field) => schema?.properties?.[field] !== undefined);
  return Object.fromEntries(known.map((field) => [field, zeroOf(schema?.properties?.[field])]));
}

function zeroOf(schema: Schema | undefined): JsonObject | null {
  return schema?.type === 'array' ? null : zeroObject(schema);
}
