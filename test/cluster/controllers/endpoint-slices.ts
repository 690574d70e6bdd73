/** One EndpointSlice for each Service with a selector: pkg/controller/endpointslice, without splitting and topology. */
import { isDeepStrictEqual } from 'node:util';
import { asPod, type Pod } from '../builtin/pod-types.ts';
import type { ServiceSpec } from '../builtin/service.ts';
import type { ControllerContext, JsonObject, KubeObject } from '../types.ts';
import { ControllerClient, keyOf, Reconciler, splitKey } from './reconciler.ts';
import { controllerReference } from './replica-sets.ts';

const SLICES = 'endpointslices.discovery.k8s.io';
const SERVICE_LABEL = 'kubernetes.io/service-name';
const MANAGER_LABEL = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';

const specOf = (service: KubeObject): ServiceSpec => (service['spec'] ?? {}) as ServiceSpec;

function selects({ selector = {} }: ServiceSpec, { metadata }: KubeObject): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value);
}

function endpoint({ metadata, spec, status }: Pod): JsonObject {
  const ready = status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  const terminating = metadata.deletionTimestamp !== undefined;
  const { name, namespace, uid } = metadata;
  return {
    addresses: [status.podIP],
    conditions: { ready: ready && !terminating, serving: ready, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(spec.nodeName ? { nodeName: spec.nodeName } : {}),
  };
}

/** A named target port is looked up in the pods' containers. */
function portsOf({ ports = [] }: ServiceSpec, pods: Pod[]): JsonObject[] {
  const named = (wanted: string): number | undefined =>
    pods
      .flatMap(({ spec }) => spec.containers ?? [])
      .flatMap((container) => container.ports ?? [])
      .find(({ name }) => name === wanted)?.containerPort;
  return ports.flatMap(({ name = '', protocol = 'TCP', targetPort, port, appProtocol }) => {
    const number = typeof targetPort === 'string' ? named(targetPort) : (targetPort ?? port);
    return number === undefined ? [] : [{ name, protocol, port: number, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

/** Follows services and the pods they select. */
export function endpointSliceController({ store, client }: ControllerContext): () => void {
  const api = new ControllerClient(client, 'endpointslice-controller');
  const queue = new Reconciler(async (key) => {
    const { namespace, name } = splitKey(key);
    const service = store.get('services', namespace, name);
    if (!service || service.metadata.deletionTimestamp || !specOf(service).selector) return undefined;
    const pods = store
      .list('pods', namespace)
      .map(asPod)
      .filter((pod) => selects(specOf(service), pod) && pod.status?.podIP && pod.status.phase === 'Running');
    const content = { ports: portsOf(specOf(service), pods), endpoints: pods.map(endpoint) };
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const slice = store
      .list(SLICES, namespace)
      .find(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === name && metadata.labels[MANAGER_LABEL] === MANAGER);
    if (!slice) {
      const labels = { ...service.metadata.labels, [SERVICE_LABEL]: name, [MANAGER_LABEL]: MANAGER };
      const metadata = { generateName: `${name}-`, labels, ownerReferences: [controllerReference(service)] };
      const made = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata,
        addressType: 'IPv4',
        ...content,
      };
      await api.request('POST', path, made);
    } else if (!isDeepStrictEqual({ ports: slice['ports'], endpoints: slice['endpoints'] }, content))
      await api.request('PUT', `${path}/${slice.metadata.name}`, { ...slice, ...content });
    return undefined;
  });
  const ends = [
    store.subscribe('services', ({ object }) => queue.add(keyOf(object))),
    store.subscribe('pods', ({ object, previous }) => {
      for (const service of store.list('services', object.metadata.namespace))
        if ([object, previous].some((pod) => pod && selects(specOf(service), pod))) queue.add(keyOf(service));
    }),
  ];
  for (const service of store.list('services')) queue.add(keyOf(service));
  return () => {
    for (const end of ends) end();
    queue.stop();
  };
}
