/** The parts of a Pod that the cluster's own rules look at. The rest of the JSON passes through untouched. */
import type { JsonObject, KubeObject } from '../types.ts';

export interface Container extends JsonObject {
  name?: string;
  image?: string;
  imagePullPolicy?: string;
  restartPolicy?: string;
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
  ports?: ContainerPort[];
  env?: EnvVar[];
  volumeMounts?: { name?: string; mountPath?: string; readOnly?: boolean; subPath?: string; subPathExpr?: string }[];
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}

export interface ContainerPort {
  name?: string;
  containerPort?: number;
  hostPort?: number;
  hostIP?: string;
  protocol?: string;
}

export interface EnvVar {
  name?: string;
  value?: string;
  valueFrom?: Record<string, JsonObject>;
}

export interface Probe extends JsonObject {
  httpGet?: JsonObject;
  grpc?: JsonObject;
  successThreshold?: number;
}

export interface Volume extends JsonObject {
  name?: string;
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface PodSpec extends JsonObject {
  containers?: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
  volumes?: Volume[];
  tolerations?: Toleration[];
  schedulingGates?: { name: string }[];
  readinessGates?: { conditionType: string }[];
  nodeName?: string;
  restartPolicy?: string;
  activeDeadlineSeconds?: number;
  terminationGracePeriodSeconds?: number;
  hostNetwork?: boolean;
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  priority?: number;
  priorityClassName?: string;
}

export interface ContainerState {
  waiting?: { reason?: string };
  running?: { startedAt?: string };
  terminated?: { exitCode?: number; signal?: number; reason?: string; finishedAt?: string };
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
  image?: string;
  imageID?: string;
  containerID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
  observedGeneration?: number;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: {
    phase?: string;
    reason?: string;
    qosClass?: string;
    podIP?: string;
    podIPs?: { ip: string }[];
    hostIP?: string;
    conditions?: PodCondition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    nominatedNodeName?: string;
  } & JsonObject;
}

/** A stored or defaulted object as a pod. */
export function asPod(object: KubeObject): Pod {
  return object as Pod;
}
