/** pods/ephemeralcontainers: containers that are added to a running pod to look at it (pkg/registry/core/pod/strategy.go). */
import type { Subresource } from '../types.ts';
import { validateObjectMetaUpdate } from '../validation.ts';
import { defaultPod } from './pod-defaults.ts';
import { asPod } from './pod-types.ts';
import { validateEphemeralUpdate } from './pod-update.ts';
import { validatePodSpec } from './pod-validate.ts';
import { specChanged, SUBRESOURCE_VERBS } from './resource.ts';

export const ephemeralContainers: Subresource = {
  kind: 'Pod',
  verbs: SUBRESOURCE_VERBS,
  strategy: {
    defaults: (object) => defaultPod(asPod(object).spec),
    prepareUpdate(object, old) {
      const { ephemeralContainers: wanted = [] } = asPod(object).spec;
      const { ephemeralContainers: _before, ...spec } = structuredClone(asPod(old).spec);
      object['spec'] = wanted.length > 0 ? { ...spec, ephemeralContainers: wanted } : spec;
      object['status'] = old['status'];
    },
    generationOn: specChanged,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...validatePodSpec(asPod(object).spec, 'spec'),
      ...validateEphemeralUpdate(asPod(object).spec, asPod(old).spec),
    ],
  },
};
