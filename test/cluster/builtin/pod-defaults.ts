/** Defaults of pods and of pod templates: pkg/apis/core/v1/defaults.go and the declarative ones of types.go. */
import type { JsonObject } from '../types.ts';
import type { Container, PodSpec, Probe, Volume } from './pod-types.ts';

const FILE_MODE = 0o644;

/** The tag of an image, `latest` when it has neither tag nor digest; none for what is no image name (pkg/util/parsers). */
function tagOf(image: string): string {
  if (image === '') return '';
  const [name = '', digest] = image.split('@');
  const last = name.split('/').at(-1) ?? '';
  const tag = last.includes(':') ? (last.split(':')[1] ?? '') : '';
  return tag === '' && digest === undefined ? 'latest' : tag;
}

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  for (const [name, value] of Object.entries({
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  }))
    probe[name] = probe[name] || value;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc['service'] ??= '';
}

function defaultHttpGet(action: JsonObject | undefined): void {
  if (!action) return;
  action['path'] ??= '/';
  action['scheme'] ??= 'HTTP';
}

function defaultContainer(container: Container): void {
  container.resources ??= {};
  container['terminationMessagePath'] ??= '/dev/termination-log';
  container['terminationMessagePolicy'] ??= 'File';
  container.imagePullPolicy ??= tagOf(container.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
  for (const variable of container.env ?? []) {
    const { fieldRef } = variable.valueFrom ?? {};
    if (fieldRef) fieldRef['apiVersion'] ??= 'v1';
    const { resourceFieldRef } = variable.valueFrom ?? {};
    if (resourceFieldRef) resourceFieldRef['divisor'] ??= '0';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  for (const handler of Object.values((container['lifecycle'] ?? {}) as Record<string, JsonObject>))
    defaultHttpGet(handler['httpGet'] as JsonObject | undefined);
}

function defaultDownwardItems(items: unknown): void {
  for (const item of (items ?? []) as { fieldRef?: JsonObject; resourceFieldRef?: JsonObject }[]) {
    if (item.fieldRef) item.fieldRef['apiVersion'] ??= 'v1';
    if (item.resourceFieldRef) item.resourceFieldRef['divisor'] ??= '0';
  }
}

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {};
  for (const kind of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const source = volume[kind] as JsonObject | undefined;
    if (source) source['defaultMode'] ??= FILE_MODE;
  }
  // Go has no omitempty on the sources of a projection.
  const projected = volume['projected'] as JsonObject | undefined;
  if (projected) projected['sources'] ??= null;
  const hostPath = volume['hostPath'] as JsonObject | undefined;
  if (hostPath) hostPath['type'] ??= '';
  defaultDownwardItems((volume['downwardAPI'] as JsonObject | undefined)?.['items']);
  for (const source of ((volume['projected'] as JsonObject | undefined)?.['sources'] ?? []) as Record<
    string,
    JsonObject
  >[]) {
    if (source['serviceAccountToken']) source['serviceAccountToken']['expirationSeconds'] ??= 3600;
    defaultDownwardItems(source['downwardAPI']?.['items']);
  }
}

/** Every container of a pod, in the order in which Kubernetes visits them. */
const containersOf = ({ initContainers = [], containers = [], ephemeralContainers = [] }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
  ...ephemeralContainers,
];

/** Defaults that templates get too. */
function defaultPodSpec(spec: PodSpec): void {
  spec['dnsPolicy'] ??= 'ClusterFirst';
  spec.restartPolicy ??= 'Always';
  spec['securityContext'] ??= {};
  // conversion.go makes one second of what is negative.
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  spec.terminationGracePeriodSeconds = grace < 0 ? 1 : grace;
  spec['schedulerName'] ??= 'default-scheduler';
  // The deprecated alias is written out next to the name (conversion.go, Convert_core_PodSpec_To_v1_PodSpec).
  const account = spec.serviceAccountName ?? spec['serviceAccount'];
  if (typeof account === 'string') Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of containersOf(spec)) defaultContainer(container);
  if (!spec.hostNetwork) return;
  for (const port of (spec.containers ?? []).flatMap(({ ports }) => ports ?? []))
    if (port.containerPort !== undefined) port.hostPort ??= port.containerPort;
}

/** Defaults of pods only: requests follow limits. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec);
  spec['enableServiceLinks'] ??= true;
  for (const { resources } of containersOf(spec))
    if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

/** The template of a workload: labels may be missing, the struct of its metadata is written out. */
export function defaultPodTemplate(owner: JsonObject): void {
  const template = (owner['template'] ??= {}) as JsonObject;
  template['metadata'] ??= {};
  defaultPodSpec((template['spec'] ??= {}) as PodSpec);
}
