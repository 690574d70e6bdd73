/** spec.overrides: what a pod may change of the template, each an annotation bound to one field. */
import { OVERRIDABLE, type FieldKind } from '../../src/domain/override-path.ts';
import type { Schema } from '../../test/cluster/types.ts';
import { annotationKey } from './selection.ts';
import { type Rule, choice, integer, keyedList, object, ruled, text } from './schema.ts';

const EXAMPLES = OVERRIDABLE.map(({ example }) => example).join(', ');

/** CEL: the path is one of those of the kind. */
function isPath(...kinds: FieldKind[]): string {
  const patterns = OVERRIDABLE.filter(({ kind }) => kinds.includes(kind)).map(({ pattern }) => pattern);
  return `self.path.matches('^/(${patterns.join('|').replaceAll('\\', '\\\\')})$')`;
}

const bound = (description: string): Schema => ({ 'x-kubernetes-int-or-string': true, maxLength: 32, description });

const QUANTITY = '^[0-9]+([.][0-9]*)?([numkMGTPE]|[KMGTPE]i)?$';
const isBound = (field: string): string =>
  `(!has(self.${field}) || type(self.${field}) == int || self.${field}.matches('${QUANTITY}'))`;

const rules: Rule[] = [
  {
    rule: 'self.type in ["integer", "quantity"] || (!has(self.min) && !has(self.max))',
    message: 'min and max are for type integer and quantity: leave them out, or use maxLength or enum',
  },
  {
    rule: `${isBound('min')} && ${isBound('max')}`,
    message: 'min and max must be numbers or quantities such as 100m or 1Gi',
  },
  {
    rule: `!${isPath('quantity')} || self.type == 'quantity'`,
    message: 'a path to resources or sizeLimit needs type quantity',
    fieldPath: '.type',
  },
  {
    rule: `!${isPath('integer')} || self.type == 'integer'`,
    message: 'a path into a probe needs type integer',
    fieldPath: '.type',
  },
];

export const overrides: Schema = keyedList(
  'What a pod may change of the template by annotations. Empty: nothing. A value that does not fit its type and bounds is ignored with a warning.',
  ruled(
    object(
      'One annotation and the one field of the template that it sets.',
      {
        annotation: ruled(text('Annotation of the pod.', 317, { minLength: 1 }), annotationKey),
        path: ruled(
          text(
            `Where the value goes: a JSON pointer into the template, with [name=NAME] to pick an item of a list. What can be set: ${EXAMPLES}; the same of initContainers, and appContainers/env. A "/" in a key is written ~1. An environment variable or resource that the template lacks is added. Nothing else of a pod can be set, above all no securityContext, service account, command, mount or source of a volume.`,
            512,
          ),
          {
            rule: isPath(...OVERRIDABLE.map(({ kind }) => kind)).replace('self.path', 'self'),
            message: `no pod may set this path; use one like ${EXAMPLES}`,
          },
        ),
        type: choice('Type of the value.', ['string', 'integer', 'boolean', 'quantity']),
        min: bound('Smallest value of an integer or quantity.'),
        max: bound('Largest value of an integer or quantity.'),
        maxLength: integer('Longest value in characters. Default: 4096.', 1, 4096),
        enum: {
          type: 'array',
          description: 'The allowed values.',
          items: { type: 'string', maxLength: 256 },
          maxItems: 64,
          'x-kubernetes-list-type': 'set',
        },
      },
      { required: ['annotation', 'path', 'type'] },
    ),
    ...rules,
  ),
  32,
  'path',
);
