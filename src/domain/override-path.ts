/**
 * Which fields of a template a pod may be given a say in: a path from the template, as a JSON pointer whose steps into
 * lists are `[name=NAME]`, such as `/containers/[name=proxy]/resources/limits/cpu`. The table is all that there is:
 * names, commands, mounts, security contexts, service accounts and the sources of volumes are never a pod's to choose.
 */
import type { JsonObject, Override } from '../api/v1alpha1/types.ts';
import { at, isObject, member } from './json.ts';
import type { Path } from './patch.ts';

/** What a field holds; the value must fit it, whatever the override's own type says. */
export type FieldKind = 'text' | 'image' | 'pullPolicy' | 'label' | 'quantity' | 'integer';

interface Field {
  kind: FieldKind;
  /** Of the path without its leading slash. A part of the CRD's CEL rule, so: RE2 syntax, no lookaround. */
  pattern: string;
  example: string;
}

const NAMED = '\\[name=[-._a-zA-Z0-9]+\\]';
const CONTAINER = `(containers|initContainers)/${NAMED}`;

export const OVERRIDABLE: readonly Field[] = [
  { kind: 'image', pattern: `${CONTAINER}/image`, example: '/containers/[name=x]/image' },
  { kind: 'pullPolicy', pattern: `${CONTAINER}/imagePullPolicy`, example: '/containers/[name=x]/imagePullPolicy' },
  { kind: 'text', pattern: `${CONTAINER}/args/[0-9]{1,3}`, example: '/containers/[name=x]/args/0' },
  {
    kind: 'text',
    pattern: `(${CONTAINER}|appContainers)/env/${NAMED}/value`,
    example: '/containers/[name=x]/env/[name=Y]/value',
  },
  {
    kind: 'quantity',
    pattern: `${CONTAINER}/resources/(limits|requests)/(cpu|memory|ephemeral-storage)`,
    example: '/containers/[name=x]/resources/limits/cpu',
  },
  {
    kind: 'integer',
    pattern: `${CONTAINER}/(liveness|readiness|startup)Probe/(initialDelaySeconds|timeoutSeconds|periodSeconds|failureThreshold)`,
    example: '/containers/[name=x]/readinessProbe/periodSeconds',
  },
  {
    kind: 'quantity',
    pattern: `volumes/${NAMED}/emptyDir/sizeLimit`,
    example: '/volumes/[name=x]/emptyDir/sizeLimit',
  },
  { kind: 'label', pattern: 'metadata/labels/[-._~a-zA-Z0-9]+', example: '/metadata/labels/KEY' },
  { kind: 'text', pattern: 'metadata/annotations/[-._~a-zA-Z0-9]+', example: '/metadata/annotations/KEY' },
];

const FIELDS = OVERRIDABLE.map(({ kind, pattern }) => ({ kind, expression: new RegExp(`^/(?:${pattern})$`) }));

/** What the field at the path holds; undefined for a path that no pod may change. */
export function fieldKindOf(path: string): FieldKind | undefined {
  return FIELDS.find(({ expression }) => expression.test(path))?.kind;
}

/** A place in the template to write to. `append` is what to add to the list at `path` where it has no such item yet. */
export interface Place {
  path: Path;
  append?: (value: string | number) => JsonObject;
}

/** Where the override writes in this template; undefined when the template has no such thing. */
export function placeOf(template: JsonObject, { path }: Override): Place | undefined {
  const steps = path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const concrete: (string | number)[] = [];
  for (const [depth, step] of steps.entries()) {
    const parent = at(template, concrete);
    const name = /^\[name=(.*)\]$/.exec(step)?.[1];
    if (name === undefined) {
      concrete.push(Array.isArray(parent) ? Number(step) : step);
      continue;
    }
    const index = Array.isArray(parent) ? parent.findIndex((item) => member(item, 'name') === name) : -1;
    if (index === -1 && steps[depth - 1] === 'env') return { path: concrete, append: (value) => ({ name, value }) };
    if (index === -1) return undefined;
    concrete.push(index);
  }
  return isThere(template, steps, concrete) ? { path: concrete } : undefined;
}

/** Resources and metadata are made where they are missing; a probe, an argument or an emptyDir is not. */
function isThere(template: JsonObject, steps: readonly string[], path: Path): boolean {
  // A label may have any of these names.
  const [above, holder] = [steps.at(-3), steps.at(-2) ?? ''];
  if (holder === 'args') return at(template, path) !== undefined;
  if (above === 'env') return !isObject(at(template, [...path.slice(0, -1), 'valueFrom']));
  if (holder.endsWith('Probe') || holder === 'emptyDir') return isObject(at(template, path.slice(0, -1)));
  return true;
}
