/**
 * What a pod changes of the template by annotations, inside of what spec.overrides allows. Values go into the template as
 * data, never as text to be parsed. A value that does not do earns a note, and the template's stays.
 */
import type { ResolvedTemplate } from '../api/v1alpha1/defaults.ts';
import type { JsonObject, Override, SidecarInjector } from '../api/v1alpha1/types.ts';
import { at, mapAt, member } from './json.ts';
import { type Place, fieldKindOf, placeOf } from './override-path.ts';
import { readValue } from './override-value.ts';
import { Draft, type Path, pointer } from './patch.ts';
import { amountOf } from './quantity.ts';

export interface Tuned {
  /** The very template that was given when the pod changes nothing. */
  template: ResolvedTemplate;
  notes: readonly string[];
}

interface Change {
  override: Override;
  value: string | number;
}

/** The template as this pod wants it. */
export function tunedTemplate(template: ResolvedTemplate, { spec }: SidecarInjector, pod: JsonObject): Tuned {
  const { overrides = [] } = spec;
  const annotations = mapAt(pod, ['metadata', 'annotations']);
  const asked = overrides.filter(
    ({ annotation }) => Object.hasOwn(annotations, annotation) && !isOurs(annotation, template, overrides),
  );
  const notes: string[] = [];
  const changes = asked.flatMap((override) => {
    const change = changeOf(override, annotations[override.annotation]);
    if (typeof change === 'object') return [change];
    notes.push(`annotation ${override.annotation} ${change}: ignored`);
    return [];
  });
  let tuned = template as unknown as JsonObject;
  for (const group of grouped(changes)) {
    const result = applied(tuned, group);
    notes.push(...result.notes);
    tuned = result.template;
  }
  return { template: tuned as unknown as ResolvedTemplate, notes };
}

/** An annotation that we write ourselves asks for nothing: called again, we would obey it. The CRD refuses such overrides. */
function isOurs(annotation: string, { metadata }: ResolvedTemplate, overrides: readonly Override[]): boolean {
  const path = pointer(['metadata', 'annotations', annotation]);
  return Object.hasOwn(metadata.annotations, annotation) || overrides.some((override) => override.path === path);
}

/** The change, or what is wrong with it. */
function changeOf(override: Override, text: unknown): Change | string {
  const kind = fieldKindOf(override.path);
  if (kind === undefined) return `is bound to ${override.path}, which no pod may change`;
  if (typeof text !== 'string') return 'is not a text';
  const reading = readValue(text, override, kind);
  return 'error' in reading ? reading.error : { override, value: reading.value };
}

const RESOURCES = /(.*\/resources)\//;

/** Changes of one container's resources stand or fall together: a limit below its request would have the pod refused. */
function grouped(changes: readonly Change[]): Change[][] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const { path } = change.override;
    const key = RESOURCES.exec(path)?.[1] ?? path;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()];
}

function applied(template: JsonObject, changes: readonly Change[]): { template: JsonObject; notes: string[] } {
  const draft = new Draft(template);
  const notes: string[] = [];
  let field: string | undefined;
  for (const { override, value } of changes) {
    const place = placeOf(draft.document, override);
    if (place === undefined) {
      notes.push(`annotation ${override.annotation}: the template has no ${override.path}`);
      continue;
    }
    write(draft, place, value);
    // The last change decides: until then, half of what belongs together may be written.
    field = overcommitted(at(draft.document, place.path.slice(0, -2)));
  }
  if (field === undefined) return { template: draft.document, notes };
  const keys = changes.map(({ override }) => override.annotation).join(', ');
  return { template, notes: [`${keys}: the request of ${field} would be above its limit: ignored`] };
}

function write(draft: Draft, { path, append }: Place, value: string | number): void {
  const last = path.at(-1);
  if (append !== undefined) draft.insert(path, [append(value)]);
  else if (typeof last === 'string') draft.setInMap(path.slice(0, -1), last, value);
  else draft.replace(path satisfies Path, value);
}

/** The resource of which more is asked for than allowed; undefined also for what holds no resources. */
function overcommitted(resources: unknown): string | undefined {
  const [limits, requests] = [mapAt(resources, ['limits']), mapAt(resources, ['requests'])];
  const amount = (resource: JsonObject, key: string): number => amountOf(member(resource, key)) ?? Number.NaN;
  return Object.keys(requests).find((key) => amount(requests, key) > amount(limits, key));
}
