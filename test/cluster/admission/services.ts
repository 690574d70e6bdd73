/** Where calls to a Service go: to a ready pod that it selects, or to an endpoint that was written by hand. */
import type { JsonObject, KubeObject, ObjectStore } from '../types.ts';
import type { Endpoint, ResolveService } from './client.ts';

interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  externalName?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
}

interface PodShape {
  spec?: { containers?: { ports?: { name?: string; containerPort: number }[] }[] };
  status?: { podIP?: string; conditions?: { type: string; status: string }[] };
}

function podPort(pod: PodShape, target: number | string): number | undefined {
  if (typeof target === 'number') return target;
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.find(({ name }) => name === target)?.containerPort;
}

function readyPods(
  store: ObjectStore,
  namespace: string,
  selector: Record<string, string>,
  target: number | string,
): Endpoint[] {
  return store.list('pods', namespace).flatMap((object) => {
    const { labels = {}, deletionTimestamp } = object.metadata;
    const pod = object as PodShape;
    const selected = Object.entries(selector).every(
      ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
    );
    const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    const port = podPort(pod, target);
    if (!selected || deletionTimestamp || !ready || !pod.status?.podIP || port === undefined) return [];
    return [{ host: pod.status.podIP, port, shown: '' }];
  });
}

/** Endpoints of a Service without a selector, from its EndpointSlices. */
function sliceEndpoints(store: ObjectStore, service: KubeObject, portName: string): Endpoint[] {
  const slices = store.list('endpointslices.discovery.k8s.io', service.metadata.namespace);
  return slices.flatMap((slice) => {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== service.metadata.name) return [];
    const { endpoints, ports } = slice as { endpoints?: JsonObject[]; ports?: { name?: string; port?: number }[] };
    const port = ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined) return [];
    return (endpoints ?? []).flatMap((endpoint) => {
      const conditions = endpoint['conditions'] as { ready?: boolean } | undefined;
      const [host] = (endpoint['addresses'] as string[] | undefined) ?? [];
      return host === undefined || conditions?.ready === false ? [] : [{ host, port, shown: '' }];
    });
  });
}

/**
 * Resolves Services as the API server and kube-proxy do together (apiserver/pkg/util/proxy/proxy.go, ResolveCluster): messages name the
 * cluster IP, connections go to one of the ready pods; without any they are refused.
 */
export function serviceResolver(store: ObjectStore): ResolveService {
  return (namespace, name, port) => {
    const service = store.get('services', namespace, name);
    if (service === undefined) throw new Error(`service "${name}" not found`);
    const spec = (service['spec'] ?? {}) as ServiceSpec;
    if (spec.type === 'ExternalName') {
      const host = spec.externalName ?? '';
      return { host, port, shown: `${host}:${port}` };
    }
    if (spec.clusterIP === 'None') throw new Error('cannot route to service with ClusterIP "None"');
    const servicePort = spec.ports?.find((each) => each.port === port);
    if (servicePort === undefined) throw new Error(`no service port ${port} found for service "${name}"`);
    const shown = `${spec.clusterIP ?? name}:${port}`;
    const { selector } = spec;
    const endpoints =
      selector && Object.keys(selector).length > 0
        ? readyPods(store, namespace, selector, servicePort.targetPort ?? port)
        : sliceEndpoints(store, service, servicePort.name ?? '');
    const chosen = endpoints[Math.floor(Math.random() * endpoints.length)];
    if (chosen === undefined) throw new Error(`dial tcp ${shown}: connect: connection refused`);
    return { ...chosen, shown };
  };
}
