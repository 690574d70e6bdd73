/** An injector as a MutatingAdmissionPolicy: what the API server of Kubernetes 1.36 and newer does without any webhook. */
import { injectionOf, modeOf, selectionOf, webhookOf } from '../../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, objectName, PROBE_NAMESPACE } from '../../api/v1alpha1/names.ts';
import type { JsonObject, LabelSelector, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { OPERATOR_POD_LABELS } from '../../domain/plan-objects.ts';
import { additionsOf } from './additions.ts';
import { conditionsOf } from './conditions.ts';
import { mutationsOf } from './mutations.ts';

const API_VERSION = 'admissionregistration.k8s.io/v1';

export interface Export {
  /** The policy, and its binding where the injector is in mode Enforce. */
  objects: JsonObject[];
  /** What the policy cannot do as the webhook does it, a line each. */
  differences: string[];
}

export function policyOf(injector: SidecarInjector, operatorNamespace: string): Export {
  const name = objectName(injector.metadata.name);
  const { namespaceSelector, objectSelector } = selectionOf(injector);
  const { failurePolicy, reinvocationPolicy } = webhookOf(injector);
  const additions = additionsOf(injector);
  const policy = {
    apiVersion: API_VERSION,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy,
      reinvocationPolicy,
      matchConstraints: {
        matchPolicy: 'Equivalent',
        namespaceSelector: without(namespaceSelector, 'kubernetes.io/metadata.name', [
          operatorNamespace,
          ...EXCLUDED_NAMESPACES,
          PROBE_NAMESPACE,
        ]),
        objectSelector: without(objectSelector, 'app.kubernetes.io/name', [
          OPERATOR_POD_LABELS['app.kubernetes.io/name'],
        ]),
        resourceRules: [
          { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' },
        ],
      },
      matchConditions: conditionsOf(injector, additions),
      mutations: mutationsOf(injector, additions),
    },
  };
  const binding = {
    apiVersion: API_VERSION,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name },
  };
  return {
    objects: modeOf(injector) === 'Enforce' ? [policy, binding] : [policy],
    differences: differencesOf(injector),
  };
}

function without(selector: LabelSelector, key: string, values: string[]): JsonObject {
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), { key, operator: 'NotIn', values }] };
}

function differencesOf(injector: SidecarInjector): string[] {
  const { position, onConflict } = injectionOf(injector);
  const mode = modeOf(injector);
  const hasVariables = (injector.spec.overrides ?? []).length > 0;
  const besides = position === 'Before' || position === 'After';
  return [
    ...(mode === 'Enforce' ? [] : [`mode ${mode}: the policy comes without its binding, so it does nothing`]),
    ...(onConflict === 'Skip' ? [] : [`onConflict ${onConflict}: a pod with a conflict is left alone, as with Skip`]),
    ...(besides ? [`position ${position}: a policy has no anchors, containers go to their usual places`] : []),
    ...(hasVariables ? ['overrides: a policy reads no annotations for values, the template is added as it is'] : []),
    'content: a container counts as the same by its name and image, a volume by its name and kind of source',
    'warnings, reason codes, audit annotations, metrics, the proof by a probe: a policy is silent',
  ];
}
