/** spec.selection: which pods. */
import { DEFAULTS } from '../../src/api/v1alpha1/defaults.ts';
import type { Schema } from '../../test/cluster/types.ts';
import { type Rule, choice, keyedList, list, object, ruled, text, textMap } from './schema.ts';

const MAX_EXPRESSIONS = 16;

const expression = ruled(
  object(
    'One requirement on labels.',
    {
      key: text('The label.', 317),
      operator: choice("How the label's value relates to values.", ['In', 'NotIn', 'Exists', 'DoesNotExist']),
      values: list('Values for In and NotIn.', { type: 'string', maxLength: 63 }, 32),
    },
    { required: ['key', 'operator'] },
  ),
  {
    rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
    message: 'In and NotIn need values; Exists and DoesNotExist must have none',
  },
);

function labelSelector(description: string): Schema {
  return object(
    description,
    {
      matchLabels: textMap('Labels that must be there with these values.', 16, 63),
      matchExpressions: list('Requirements on labels; all must hold.', expression, MAX_EXPRESSIONS),
    },
    { 'x-kubernetes-map-type': 'atomic' },
  );
}

export const annotationKey: Rule = {
  rule: "self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$')",
  message:
    'must be an annotation key: an optional DNS name and a slash, then at most 63 letters, digits, "-", "_" or "."',
};

export const selection: Schema = ruled(
  object(
    'Which pods get the sidecar.',
    {
      namespaceSelector: ruled(labelSelector('Labels of the namespaces whose pods are looked at. Must not be empty.'), {
        rule: '(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)',
        message:
          'an empty namespaceSelector selects every namespace: name a label, for example matchLabels: {sidecar-injection: enabled}, and label the namespaces',
      }),
      objectSelector: labelSelector('Labels of the pods that are looked at. Empty: all pods of the namespaces.'),
      matchConditions: keyedList(
        'CEL expressions over the admission request, applied by the API server before it calls; all must be true.',
        object(
          'A condition.',
          {
            name: text('Name of the condition, in messages and metrics.', 317, { minLength: 1 }),
            expression: text('A CEL expression that gives a bool.', 4096, { minLength: 1 }),
          },
          { required: ['name', 'expression'] },
        ),
        16,
        'name',
      ),
      policy: choice(
        'What a pod without the annotation gets: with OptIn nothing, with OptOut the sidecar.',
        ['OptIn', 'OptOut'],
        DEFAULTS.selection.policy,
      ),
      annotation: ruled(
        text(
          'Annotation by which a pod asks for the sidecar ("true") or refuses it ("false"). Default: inject.sidecarinjector.dev/<name of this object>.',
          317,
          { minLength: 1 },
        ),
        annotationKey,
      ),
      statusAnnotation: ruled(
        text(
          'Annotation that an injected pod gets, with the revision of the template. Default: status.sidecarinjector.dev/<name of this object>.',
          317,
          { minLength: 1 },
        ),
        annotationKey,
      ),
      allowHostNetwork: {
        type: 'boolean',
        description: "Whether pods with hostNetwork get the sidecar too; its ports are then the node's.",
        default: DEFAULTS.selection.allowHostNetwork,
      },
    },
    { required: ['namespaceSelector'] },
  ),
  {
    rule: '!has(self.annotation) || !has(self.statusAnnotation) || self.annotation != self.statusAnnotation',
    message: 'annotation and statusAnnotation must be two different keys',
  },
);
