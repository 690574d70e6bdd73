/** nodes, as `kubectl get nodes` shows them: printNode in pkg/printers/internalversion/printers.go. */
import type { Column, KubeObject } from '../types.ts';
import { age, column, wideColumn } from './columns.ts';
import type { Rules } from './resource.ts';

interface Node extends KubeObject {
  spec: { unschedulable?: boolean };
  status: {
    conditions?: { type: string; status: string }[];
    addresses?: { type: string; address: string }[];
    nodeInfo?: Record<string, string>;
  };
}

const asNode = (object: KubeObject): Node => object as Node;
const ROLE = 'node-role.kubernetes.io/';

function statusCell({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

function rolesCell({ metadata }: Node): string {
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(ROLE));
  return roles.map((label) => label.slice(ROLE.length)).join(',') || '<none>';
}

const info = (name: string, key: string, build: (name: string, value: Column['value']) => Column): Column =>
  build(name, (object) => asNode(object).status?.nodeInfo?.[key] ?? '<unknown>');
const address = (name: string, wanted: string): Column =>
  wideColumn(
    name,
    (object) => asNode(object).status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>',
  );

export const nodeRules: Rules = {
  selectableFields: { 'spec.unschedulable': (object) => String(asNode(object).spec?.unschedulable === true) },
  columns: [
    column('Status', (object) => statusCell(asNode(object))),
    column('Roles', (object) => rolesCell(asNode(object))),
    column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now)),
    info('Version', 'kubeletVersion', column),
    address('Internal-IP', 'InternalIP'),
    address('External-IP', 'ExternalIP'),
    info('OS-Image', 'osImage', wideColumn),
    info('Kernel-Version', 'kernelVersion', wideColumn),
    info('Container-Runtime', 'containerRuntimeVersion', wideColumn),
  ],
};
