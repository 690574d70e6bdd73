/** The part of the demo about pods: one is injected, one is not, and both are explained. */

import type { KubeClient } from '../../src/kube/client.ts';
import type { Pod } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';
import { create, get } from '../../src/kube/verbs.ts';
import type { RunningOperator } from '../../test/e2e/support/operator.ts';
import { until } from '../../test/support/until.ts';
import type { Story } from './story.ts';

const NAMESPACE = 'nginx-injection';
const ANNOTATION = 'sidecar-injector-webhook.nginx.sidecar/need_inject';

interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[] }[];
}

const ALPINE = { name: 'alpine', image: 'alpine', command: ['sleep', 'infinity'] };

const podOf = (name: string, need: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, annotations: { [ANNOTATION]: need } },
  spec: { containers: [ALPINE] },
});

/** The rows that `kubectl get pods` prints, made by the API server. */
const table = async (client: KubeClient): Promise<string[][]> => {
  const { columnDefinitions, rows } = await client.request<Table>({
    path: resourcePath(RESOURCES.pods, { namespace: NAMESPACE }),
    accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
  });
  const shown = columnDefinitions.flatMap(({ name, priority }, index) => (priority === 0 ? [{ name, index }] : []));
  return [
    shown.map(({ name }) => name.toUpperCase()),
    ...rows.map(({ cells }) => shown.map(({ index }) => String(cells[index]))),
  ];
};

const print = (story: Story, rows: string[][]): void => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    story.say(
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
        .join('')
        .trimEnd(),
    );
};

/** The line that the operator logged about a pod, parsed. */
const decisionOn = async (operator: RunningOperator, pod: string): Promise<Record<string, unknown>> =>
  until(`the operator logged its decision on ${pod}`, () => {
    const line = operator.lines.find((text) => text.includes(`[name:${pod}]`));
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
  });

/** Creates both pods, waits until they run, and checks what came out of the API server. */
export const tellPods = async (story: Story, client: KubeClient, operator: RunningOperator): Promise<void> => {
  const [yes, no] = [podOf('test-alpine-inject-01', 'true'), podOf('test-alpine-inject-02', 'false')];
  for (const pod of [yes, no]) await create(client, RESOURCES.pods, pod);
  const rows = await until('both pods run', async () => {
    const now = await table(client);
    return now.length === 3 && now.slice(1).every((row) => row.includes('Running')) ? now : undefined;
  });
  story.command(`kubectl get pods --namespace ${NAMESPACE}`);
  print(story, rows);
  const ready = (name: string | undefined): string | undefined => rows.find((row) => row[0] === name)?.[1];
  story.check(ready(yes.metadata.name) === '2/2', `${yes.metadata.name} is 2/2: it said "true"`, rows);
  story.check(ready(no.metadata.name) === '1/1', `${no.metadata.name} is 1/1: it said "false"`, rows);

  const injected = await get<Pod>(client, RESOURCES.pods, { name: yes.metadata.name ?? '', namespace: NAMESPACE });
  const names = injected?.spec?.containers.map((container) => `${container.name} (${container.image})`) ?? [];
  story.check(names.length === 2, `its containers: ${names.join(', ')}`, names);
  story.check(
    injected?.spec?.volumes?.some((volume) => Object.hasOwn(volume, 'configMap')) === true,
    'its volumes hold the ConfigMap of the sidecar',
    injected?.spec?.volumes,
  );

  story.say('What the operator logged:');
  for (const pod of [yes, no]) {
    const { message, patch } = await decisionOn(operator, pod.metadata.name ?? '');
    const injects = pod === yes;
    const expected = injects ? '[mutate][reason=injected]' : '[skip_mutation][reason=pod_not_need]';
    story.check(String(message).startsWith(expected), String(message), message);
    if (injects) story.check(Array.isArray(patch) && patch.length > 0, `the patch: ${String(patch)}`, patch);
  }
};
