/** One node with its kubelet and the scheduler: pods without a node come here and run at once. Pods on other nodes are left alone. */
import { asPod, type Container, type ContainerStatus, type Pod } from '../builtin/pod-types.ts';
import { timestamp } from '../storage/store.ts';
import type { Controller, ControllerContext, JsonObject } from '../types.ts';
import { ControllerClient, keyOf, Reconciler, splitKey } from './reconciler.ts';

const NODE_NAME = 'node-1';
const KUBELET_VERSION = 'v1.36.0';
const HOST_IP = '192.168.49.2';
const LAST_POD = 254 * 254;

function node(now: string): { object: JsonObject; status: JsonObject } {
  const labels = {
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': NODE_NAME,
    'kubernetes.io/os': 'linux',
  };
  const condition = (type: string, status: string, reason: string, message: string): JsonObject => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  const resources = { cpu: '8', memory: '16Gi', pods: '110000', 'ephemeral-storage': '100Gi' };
  return {
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: NODE_NAME, labels },
      spec: { podCIDR: '10.244.0.0/16' },
    },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      addresses: [
        { type: 'InternalIP', address: HOST_IP },
        { type: 'Hostname', address: NODE_NAME },
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'in-memory://1.0',
        kernelVersion: '6.0',
        kubeProxyVersion: '',
        kubeletVersion: KUBELET_VERSION,
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'In-memory',
        systemUUID: '',
      },
    },
  };
}

/** What the kubelet reports of a container that runs, or of an init container that has done its work. */
function containerStatus(container: Container, now: string, runs: boolean): ContainerStatus {
  const { name = '', image = '' } = container;
  const id = `in-memory://${name}`;
  const finished = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now, containerID: id };
  return {
    name,
    state: runs ? { running: { startedAt: now } } : { terminated: finished },
    lastState: {},
    ready: true,
    restartCount: 0,
    image,
    imageID: image,
    containerID: id,
    started: runs,
  };
}

function runningStatus({ metadata, spec, status }: Pod, address: string, now: string): Pod['status'] {
  const gatesPass = (spec.readinessGates ?? []).every(
    ({ conditionType }) => status.conditions?.find(({ type }) => type === conditionType)?.status === 'True',
  );
  const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  const others = (status.conditions ?? []).filter(({ type }) => !types.includes(type));
  const conditions = types.map((type) => {
    const passes = type !== 'Ready' || gatesPass;
    const reason = passes
      ? {}
      : { reason: 'ReadinessGatesNotReady', message: 'corresponding condition of pod readiness gate does not exist.' };
    return { type, status: passes ? 'True' : 'False', ...reason, lastProbeTime: null, lastTransitionTime: now };
  });
  const { initContainers = [], containers = [] } = spec;
  return {
    ...status,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    phase: 'Running',
    conditions: [...others, ...conditions],
    hostIP: HOST_IP,
    hostIPs: [{ ip: HOST_IP }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: now,
    ...(initContainers.length > 0
      ? {
          initContainerStatuses: initContainers.map((each) =>
            containerStatus(each, now, each.restartPolicy === 'Always'),
          ),
        }
      : {}),
    containerStatuses: containers.map((each) => containerStatus(each, now, true)),
  };
}

/** Node `node-1`: schedules, runs and ends pods. */
export const nodeController: Controller = ({ store, client }: ControllerContext) => {
  const scheduler = new ControllerClient(client, 'scheduler');
  const kubelet = new ControllerClient(client, 'node-1');
  let lastAddress = 0;

  function nextAddress(): string {
    lastAddress = (lastAddress % LAST_POD) + 1;
    return `10.244.${Math.floor(lastAddress / 254)}.${(lastAddress % 254) + 1}`;
  }

  const podPath = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;

  async function bind(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const target = { apiVersion: 'v1', kind: 'Node', name: NODE_NAME };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
    await scheduler.request('POST', `${podPath(pod)}/binding`, body);
  }

  async function run(pod: Pod): Promise<void> {
    const status = runningStatus(pod, pod.status.podIP ?? nextAddress(), timestamp(new Date()));
    await kubelet.request('PUT', `${podPath(pod)}/status`, { ...pod, status });
  }

  /** Ready waits for conditions that others set. */
  function gateOpened({ spec, status }: Pod): boolean {
    const isTrue = (wanted: string): boolean =>
      status.conditions?.find(({ type }) => type === wanted)?.status === 'True';
    return !isTrue('Ready') && (spec.readinessGates ?? []).every(({ conditionType }) => isTrue(conditionType));
  }

  const pods = new Reconciler(async (key) => {
    const { namespace, name } = splitKey(key);
    const found = store.get('pods', namespace, name);
    if (!found) return undefined;
    const pod = asPod(found);
    const { spec, status, metadata } = pod;
    if (!spec.nodeName && !spec.schedulingGates?.length && !metadata.deletionTimestamp) await bind(pod);
    else if (spec.nodeName !== NODE_NAME) return undefined;
    else if (metadata.deletionTimestamp) {
      const preconditions = { uid: metadata.uid };
      const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions };
      if (metadata.deletionGracePeriodSeconds) await kubelet.request('DELETE', podPath(pod), options);
    } else if (status.phase === 'Pending' || (status.phase === 'Running' && gateOpened(pod))) await run(pod);
    return undefined;
  });

  const register = new Reconciler(async () => {
    const { object, status } = node(timestamp(new Date()));
    if (store.get('nodes', undefined, NODE_NAME)) return undefined;
    const created = await kubelet.request('POST', '/api/v1/nodes', object);
    await kubelet.request('PUT', `/api/v1/nodes/${NODE_NAME}/status`, { ...created, status });
    return undefined;
  });
  register.add(NODE_NAME);
  for (const pod of store.list('pods')) pods.add(keyOf(pod));
  const end = store.subscribe('pods', ({ type, object }) => {
    if (type !== 'DELETED') pods.add(keyOf(object));
  });
  return () => {
    end();
    pods.stop();
    register.stop();
  };
};
