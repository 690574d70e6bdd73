/** The two pods that the operator creates with dryRun=All: one to prove the way to the webhook, one to try a template. */
import { PROBE_LABEL, PROBE_NAMESPACE, TRIAL_LABEL } from '../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';

/** Never runs: both pods are dry-run. */
const IMAGE = 'registry.k8s.io/pause:3.10';

function barePod(name: string, labels: Record<string, string>): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: PROBE_NAMESPACE, labels },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'sidecar-injector-probe', image: IMAGE }],
    },
  };
}

/** A pod with nothing injected, which the injector's probe webhook selects: it must come back with the sidecar. */
export function probePod(injector: string): JsonObject {
  return barePod(`probe-${injector}`, { [PROBE_LABEL]: injector });
}

/**
 * A pod with the template already in it, which no webhook selects: the API server accepts it, or its words say what is
 * wrong with the template. It must not carry the probe label, or the template in force would be injected beside the new.
 */
export function trialPod(injector: SidecarInjector): JsonObject {
  const { name } = injector.metadata;
  return inject(barePod(`trial-${name}`, { [TRIAL_LABEL]: name }), injector).pod;
}
