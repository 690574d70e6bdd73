/** Events of v1 and of events.k8s.io/v1: one storage, two forms (pkg/apis/events/v1/conversion.go, pkg/apis/core/validation/events.go). */
import { copy } from '../storage/json.ts';
import type { FieldError, JsonObject, KubeObject } from '../types.ts';
import {
  invalidValue,
  isDNS1123Subdomain,
  isQualifiedName,
  required,
  validateImmutable,
  validateObjectMeta,
  nameIsDNSSubdomain,
} from '../validation.ts';
import { age, column, nameColumn, wideColumn } from './columns.ts';
import type { Rules } from './resource.ts';

/** Field names in core/v1, and in events.k8s.io/v1. */
const RENAMED: [core: string, events: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const GROUP_VERSION = 'events.k8s.io/v1';
/** Structs and required texts that Go writes out in one form and not in the other. */
const CORE_SHAPE: JsonObject = {
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
};
const EVENTS_SHAPE: JsonObject = {
  eventTime: null,
  regarding: {},
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
};

function renamed(object: KubeObject, from: 0 | 1, shape: JsonObject): KubeObject {
  const names = new Map(RENAMED.map((pair) => [pair[from], pair[1 - from] ?? '']));
  const entries = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value] as const);
  const result: JsonObject = { ...shape, ...Object.fromEntries(entries.filter(([, value]) => value !== '')) };
  return result as unknown as KubeObject;
}

/** The event in the form of events.k8s.io/v1. */
export function toEventsForm(object: KubeObject): KubeObject {
  return object.apiVersion === GROUP_VERSION
    ? object
    : { ...renamed(object, 0, EVENTS_SHAPE), apiVersion: GROUP_VERSION };
}

/** The event in the form of core/v1. */
export function toCoreForm(object: KubeObject): KubeObject {
  return object.apiVersion === 'v1' ? object : { ...renamed(object, 1, CORE_SHAPE), apiVersion: 'v1' };
}

interface CoreEvent extends KubeObject {
  involvedObject?: {
    kind?: string;
    namespace?: string;
    name?: string;
    uid?: string;
    apiVersion?: string;
    resourceVersion?: string;
    fieldPath?: string;
  };
  reason?: string;
  message?: string;
  type?: string;
  action?: string;
  eventTime?: string | null;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  count?: number;
  series?: { count?: number; lastObservedTime?: string };
  source?: { component?: string; host?: string };
  reportingComponent?: string;
  reportingInstance?: string;
}

const asEvent = (object: KubeObject): CoreEvent => toCoreForm(object);

function newStyleErrors(event: CoreEvent, controllerField: string): FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  const limit = (field: string, value: string, most: number): FieldError[] =>
    Buffer.byteLength(value) > most ? [invalidValue(field, '', `can have at most ${most} characters`)] : [];
  return [
    ...(reportingComponent === '' ? [required(controllerField)] : []),
    ...isQualifiedName(reportingComponent).map((text) => invalidValue(controllerField, reportingComponent, text)),
    ...(reportingInstance === ''
      ? [required('reportingInstance')]
      : limit('reportingInstance', reportingInstance, 128)),
    ...(action === '' ? [required('action')] : limit('action', action, 128)),
    ...(reason === '' ? [required('reason')] : limit('reason', reason, 128)),
    ...limit('message', message, 1024),
  ];
}

/** legacyValidateEvent: holds for both versions. */
function legacyErrors(event: CoreEvent, controllerField: string): FieldError[] {
  const { namespace = '' } = event.metadata;
  const about = event.involvedObject?.namespace ?? '';
  const free = event.eventTime ? ['default', 'kube-system'] : ['', 'default'];
  const matches = about === '' ? free.includes(namespace) : Boolean(event.eventTime) || about === namespace;
  return [
    ...(matches ? [] : [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')]),
    ...(event.eventTime ? newStyleErrors(event, controllerField) : []),
    ...isDNS1123Subdomain(namespace).map((text) => invalidValue('namespace', namespace, text)),
  ];
}

/** ValidateEventCreate's strict part, for events.k8s.io/v1. */
function strictErrors(event: CoreEvent): FieldError[] {
  const { series, eventTime, type, firstTimestamp, lastTimestamp, count, source } = event;
  const errors = validateObjectMeta(event.metadata, true, nameIsDNSSubdomain);
  const unset = (field: string, isSet: unknown): FieldError[] =>
    isSet ? [invalidValue(field, '', 'needs to be unset')] : [];
  if (series && (series.count ?? 0) < 2) errors.push(invalidValue('series.count', '', 'should be at least 2'));
  if (series && !series.lastObservedTime) errors.push(required('series.lastObservedTime'));
  if (!eventTime) errors.push(required('eventTime'));
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalidValue('type', '', `has invalid value: ${type ?? ''}`));
  return [
    ...errors,
    ...unset('firstTimestamp', firstTimestamp),
    ...unset('lastTimestamp', lastTimestamp),
    ...unset('count', count),
    ...unset('source', source?.component ?? source?.host),
  ];
}

/** ValidateEventUpdate's strict part: only the series goes on, and metadata. */
function changeErrors(event: CoreEvent, old: CoreEvent): FieldError[] {
  const fixed = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'reason',
    'type',
  ] as const;
  const others = ['eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'] as const;
  const names = { reportingComponent: 'reportingController' } as Record<string, string>;
  return [...fixed, ...others].flatMap((key) => validateImmutable(event[key], old[key], names[key] ?? key));
}

function fill(object: KubeObject, shape: JsonObject): void {
  for (const [name, value] of Object.entries(shape)) object[name] ??= copy(value);
}

/** printEvent: a series tells more than the timestamps of old clients. */
function lastSeen(event: CoreEvent, now: Date): string {
  const { lastTimestamp, firstTimestamp, eventTime, series } = event;
  return age(series?.lastObservedTime ?? lastTimestamp ?? firstTimestamp ?? eventTime, now);
}

const regarding = ({ involvedObject = {} }: CoreEvent): string =>
  involvedObject.name
    ? `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name}`
    : (involvedObject.kind ?? '').toLowerCase();
const sourceCell = ({ source, reportingComponent, reportingInstance }: CoreEvent): string =>
  [source?.component || reportingComponent, source?.host || reportingInstance].filter(Boolean).join(', ');

const shared: Rules = {
  createOnUpdate: true,
  // Both tables start with the time, not with the name.
  columns: [
    column('Last Seen', (object, now) => lastSeen(asEvent(object), now)),
    column('Type', (object) => asEvent(object).type ?? ''),
    column('Reason', (object) => asEvent(object).reason ?? ''),
    column('Object', (object) => regarding(asEvent(object))),
    wideColumn('Subobject', (object) => asEvent(object).involvedObject?.fieldPath ?? ''),
    wideColumn('Source', (object) => sourceCell(asEvent(object))),
    column('Message', (object) => (asEvent(object).message ?? '').trim()),
    wideColumn('First Seen', (object, now) => age(asEvent(object).firstTimestamp ?? asEvent(object).eventTime, now)),
    wideColumn('Count', (object) => asEvent(object).series?.count ?? asEvent(object).count ?? 1),
    { ...nameColumn, priority: 1 },
  ],
};

const reporter = (object: KubeObject): string => asEvent(object).reportingComponent ?? '';

function selectable(prefix: string): NonNullable<Rules['selectableFields']> {
  const of =
    (key: keyof NonNullable<CoreEvent['involvedObject']>) =>
    (object: KubeObject): string =>
      asEvent(object).involvedObject?.[key] ?? '';
  return {
    [`${prefix}.kind`]: of('kind'),
    [`${prefix}.namespace`]: of('namespace'),
    [`${prefix}.name`]: of('name'),
    [`${prefix}.uid`]: of('uid'),
    [`${prefix}.apiVersion`]: of('apiVersion'),
    [`${prefix}.fieldPath`]: of('fieldPath'),
    [`${prefix}.resourceVersion`]: of('resourceVersion'),
    reason: (object) => asEvent(object).reason ?? '',
    type: (object) => asEvent(object).type ?? '',
  };
}

export const coreEventRules: Rules = {
  ...shared,
  convert: toCoreForm,
  validatesMetadata: false,
  defaults: (object) => fill(object, CORE_SHAPE),
  validate: (object) => legacyErrors(asEvent(object), 'reportingComponent'),
  selectableFields: {
    ...selectable('involvedObject'),
    reportingComponent: reporter,
    source: (object) => asEvent(object).source?.component || reporter(object),
  },
};

export const eventsEventRules: Rules = {
  ...shared,
  convert: toEventsForm,
  validatesMetadata: false,
  defaults: (object) => fill(object, EVENTS_SHAPE),
  validate: (object, old) => [
    ...legacyErrors(asEvent(object), 'reportingController'),
    ...(old ? changeErrors(asEvent(object), asEvent(old)) : strictErrors(asEvent(object))),
  ],
  selectableFields: { ...selectable('regarding'), reportingController: reporter },
};
