/** Pods that are sent through the API server with dryRun=All and the rights of whoever runs doctor: the only real proof. */
import { modeOf, selectionOf } from '../../api/v1alpha1/defaults.ts';
import { PROBE_NAMESPACE } from '../../api/v1alpha1/names.ts';
import type { JsonObject, LabelSelector, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { existingOf } from '../../domain/existing.ts';
import { inject } from '../../domain/inject.ts';
import { probePod } from '../../domain/render.ts';
import { injectedRevision } from '../../domain/revision.ts';
import { describeError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError, isForbidden } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create } from '../../kube/verbs.ts';
import type { Facts, Trial } from './facts.ts';
import { selectedBy } from './namespaces.ts';

/** More are not tried: a trial asks every webhook of the cluster. */
const MOST_INJECTORS = 10;
const IMAGE = 'registry.k8s.io/pause:3.10';

/** The injectors that are tried: those in trouble first. */
export function sample({ lists }: Facts): SidecarInjector[] {
  const isWell = ({ status }: SidecarInjector): number =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true ? 1 : 0;
  return lists.injectors.items.toSorted((a, b) => isWell(a) - isWell(b)).slice(0, MOST_INJECTORS);
}

/** Labels that meet a selector as far as it says what it wants. */
function labelsFor({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Record<string, string> {
  const wanted = matchExpressions.flatMap(({ key, operator, values = [] }): [string, string][] => {
    if (operator === 'In') return [[key, values[0] ?? '']];
    return operator === 'Exists' ? [[key, 'true']] : [];
  });
  return { ...Object.fromEntries(wanted), ...matchLabels };
}

/** Passes the strictest pod security standard, and asks for next to nothing of a quota. */
function trialPod(injector: SidecarInjector, namespace: string): JsonObject {
  const { annotation, objectSelector } = selectionOf(injector);
  const small = { cpu: '1m', memory: '8Mi' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'sidecar-injector-doctor-',
      namespace,
      annotations: { [annotation]: 'true' },
      labels: labelsFor(objectSelector),
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'doctor',
          image: IMAGE,
          resources: { requests: small, limits: small },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

/** A pod with the sidecar of an older template counts: SI061 tells that a newer one was not accepted. */
function hasSidecar(pod: KubeObject, injector: SidecarInjector): boolean {
  if (injectedRevision(pod, injector) !== undefined) return true;
  const { operations, conflicts } = inject(pod as unknown as JsonObject, injector);
  return operations.length === 0 && conflicts.length === 0;
}

async function send(
  client: KubeClient,
  injector: SidecarInjector,
  pod: JsonObject,
  namespace: string,
): Promise<Trial | { mayNot: string }> {
  const { name } = injector.metadata;
  try {
    const options = { dryRun: true, retries: 0, fieldManager: 'kubectl-sidecar_injector' };
    const back = await create(client, RESOURCES.pods, pod as unknown as KubeObject, options);
    const outcome = hasSidecar(back, injector) ? 'injected' : 'bare';
    return { injector: name, namespace, outcome, message: '' };
  } catch (error) {
    // A right that the user lacks says nothing of injection.
    if (isForbidden(error) && /cannot create resource "pods"/.test(error.message)) return { mayNot: error.message };
    const message = error instanceof ApiError ? error.message : describeError(error);
    return { injector: name, namespace, outcome: 'refused', message };
  }
}

/** A probe pod for each of a few injectors, and a pod in a namespace that each of them selects. */
export async function sendTrials(
  client: KubeClient,
  facts: Facts,
): Promise<Pick<Facts, 'probes' | 'trials' | 'trialsHidden'>> {
  const injectors = sample(facts).filter((injector) => injector.metadata.deletionTimestamp === undefined);
  const probed = injectors.filter((injector) => existingOf(injector) === undefined);
  const live = injectors.filter((injector) => modeOf(injector) === 'Enforce');
  const [probes, trials] = await Promise.all([
    Promise.all(probed.map((injector) => send(client, injector, probePod(injector.metadata.name), PROBE_NAMESPACE))),
    Promise.all(
      live.flatMap((injector) => {
        const [namespace] = selectedBy(facts, injector);
        if (namespace === undefined) return [];
        const { name } = namespace.metadata;
        return [send(client, injector, trialPod(injector, name), name)];
      }),
    ),
  ]);
  const isTrial = (answer: Trial | { mayNot: string }): answer is Trial => !Object.hasOwn(answer, 'mayNot');
  const refused = [...probes, ...trials].find((answer) => !isTrial(answer));
  const trialsHidden =
    refused !== undefined && 'mayNot' in refused
      ? `you may not create pods there: ${refused.mayNot}`
      : 'no injector selects a namespace, or none enforces';
  return { probes: probes.filter(isTrial), trials: trials.filter(isTrial), trialsHidden };
}
