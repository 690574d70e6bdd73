/** The cells of `kubectl get pods`: printPod in pkg/printers/internalversion/printers.go. */
import type { Column } from '../types.ts';
import { age, ageColumn, column, orNone, wideColumn } from './columns.ts';
import { asPod, type ContainerStatus, type Pod } from './pod-types.ts';

interface Summary {
  ready: number;
  total: number;
  reason: string;
  restarts: number;
  lastRestart: string | undefined;
}

function terminatedReason({ state }: ContainerStatus): string {
  const { reason, signal, exitCode } = state?.terminated ?? {};
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);
}

const hasTrue = ({ status }: Pod, type: string): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

const latest = (statuses: ContainerStatus[]): string | undefined =>
  statuses
    .flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
    .toSorted()
    .at(-1);
const countRestarts = (statuses: ContainerStatus[]): number =>
  statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);

/** The first init container that has neither succeeded nor is a started sidecar gives the reason. */
function initSummary(pod: Pod, isSidecar: (name: string) => boolean): { reason?: string; ready: number; seen: number } {
  let ready = 0;
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (const [index, status] of statuses.entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar(status.name) && status.started) {
      if (status.ready) ready += 1;
      continue;
    }
    const waits = waiting?.reason && waiting.reason !== 'PodInitializing' ? waiting.reason : undefined;
    const progress = `${index}/${pod.spec?.initContainers?.length ?? 0}`;
    const text = terminated ? terminatedReason(status) : (waits ?? progress);
    return { reason: `Init:${text}`, ready, seen: index + 1 };
  }
  return { ready, seen: statuses.length };
}

function mainSummary(pod: Pod, reason: string, statuses: ContainerStatus[]): { reason: string; ready: number } {
  let [current, failure, ready] = [reason, '', 0];
  for (const status of statuses.toReversed()) {
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) current = waiting.reason;
    else if (terminated) {
      current = terminatedReason(status);
      if (terminated.exitCode) failure = current;
    } else if (status.ready && running) ready += 1;
  }
  if (current !== 'Completed') return { reason: current, ready };
  if (ready > 0 && hasTrue(pod, 'Ready')) return { reason: 'Running', ready };
  return { reason: failure || (ready > 0 ? 'NotReady' : current), ready };
}

function summary(pod: Pod): Summary {
  const { spec = {}, status = {} } = pod as Partial<Pod>;
  const sidecars = new Set(
    (spec.initContainers ?? []).flatMap(({ name, restartPolicy }) =>
      restartPolicy === 'Always' && name ? [name] : [],
    ),
  );
  const phase = status.phase ?? '';
  const gated = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  const base = gated ? 'SchedulingGated' : status.reason || phase;
  const initStatuses = status.initContainerStatuses ?? [];
  const init = initSummary(pod, (name) => sidecars.has(name));
  let counted = initStatuses.slice(0, init.seen);
  let [reason, ready] = [init.reason ?? base, init.ready];
  if (init.reason === undefined || hasTrue(pod, 'Initialized')) {
    const statuses = status.containerStatuses ?? [];
    const main = mainSummary(pod, reason, statuses);
    reason = main.reason;
    ready += main.ready;
    counted = [...initStatuses.filter(({ name }) => sidecars.has(name)), ...statuses];
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') reason = 'Terminating';
  }
  const total = (spec.containers?.length ?? 0) + sidecars.size;
  return { ready, total, reason, restarts: countRestarts(counted), lastRestart: latest(counted) };
}

function gatesCell({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  const passed = gates.filter(
    ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status === 'True',
  );
  return gates.length === 0 ? '<none>' : `${passed.length}/${gates.length}`;
}

export const podColumns: Column[] = [
  column('Ready', (object) => {
    const { ready, total } = summary(asPod(object));
    return `${ready}/${total}`;
  }),
  column('Status', (object) => summary(asPod(object)).reason),
  column('Restarts', (object, now) => {
    const { restarts, lastRestart } = summary(asPod(object));
    return restarts > 0 && lastRestart ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts);
  }),
  ageColumn,
  wideColumn('IP', (object) => orNone(asPod(object).status?.podIPs?.[0]?.ip)),
  wideColumn('Node', (object) => orNone(asPod(object).spec?.nodeName)),
  wideColumn('Nominated Node', (object) => orNone(asPod(object).status?.nominatedNodeName)),
  wideColumn('Readiness Gates', (object) => gatesCell(asPod(object))),
];
