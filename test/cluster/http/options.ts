/** The options of writes and lists, from query parameters (or a DELETE's body), checked as apimachinery checks them. */
import { badRequest, invalid } from '../status.ts';
import type { FieldError, JsonObject } from '../types.ts';
import { forbiddenField, invalidValue, notSupported, required, validateFieldManager } from '../validation.ts';
import { isTrue } from './request-info.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  /** As the client asked for it; admission sees that, not the default. */
  askedValidation: string;
  /** Server-side apply takes over conflicting fields. */
  force: boolean;
}

export interface DeleteOptions {
  dryRun: boolean;
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  propagationPolicy?: string;
  preconditions?: { uid?: string; resourceVersion?: string };
}

export interface ListOptions {
  labelSelector: string;
  fieldSelector: string;
  resourceVersion: string;
  resourceVersionMatch: string;
  limit: number;
  continue: string;
  watch: boolean;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean | undefined;
  timeoutSeconds: number | undefined;
}

function refuse(kind: string, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+\-]?\d+$/v.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function dryRunErrors(values: string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])];
}

/** metav1/validation.ValidateCreateOptions, ValidateUpdateOptions, ValidatePatchOptions. @throws StatusError 400, 422 */
export function writeOptions(kind: WriteOptions['kind'], query: URLSearchParams, apply = false): WriteOptions {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors: FieldError[] = [];
  if (kind === 'PatchOptions' && apply && fieldManager === '')
    errors.push(required('fieldManager', 'is required for apply patch'));
  if (kind === 'PatchOptions' && !apply && query.has('force')) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  errors.push(...validateFieldManager(fieldManager, 'fieldManager'), ...dryRunErrors(dryRun));
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation)) {
    errors.push(notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  refuse(kind, errors);
  return {
    kind,
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    askedValidation: fieldValidation,
    force: isTrue(query, 'force'),
  };
}

/** The options as an AdmissionReview carries them. */
export function optionsForReview(kind: string, options: WriteOptions): JsonObject {
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
    ...(options.fieldManager ? { fieldManager: options.fieldManager } : {}),
    ...(options.askedValidation ? { fieldValidation: options.askedValidation } : {}),
  };
}

const PROPAGATION = ['Foreground', 'Background', 'Orphan', 'nil'];

/**
 * The body wins over the query, as in endpoints/handlers/delete.go.
 * @param body the decoded DeleteOptions; undefined when the request had none.
 * @throws StatusError 400, 422
 */
export function deleteOptions(query: URLSearchParams, body: JsonObject | undefined): DeleteOptions {
  const source = body ?? optionsFromQuery(query);
  const dryRun = (source['dryRun'] ?? []) as string[];
  const orphan = source['orphanDependents'] as boolean | undefined | null;
  const policy = source['propagationPolicy'] as string | undefined | null;
  const grace = source['gracePeriodSeconds'] as number | undefined | null;
  const preconditions = source['preconditions'] as { uid?: string; resourceVersion?: string } | undefined | null;
  const errors: FieldError[] = [];
  if (typeof orphan === 'boolean' && policy) {
    errors.push(
      invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  if (policy && !PROPAGATION.slice(0, 3).includes(policy))
    errors.push(notSupported('propagationPolicy', policy, PROPAGATION));
  refuse('DeleteOptions', [...errors, ...dryRunErrors(dryRun)]);
  return {
    dryRun: dryRun.length > 0,
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(typeof orphan === 'boolean' ? { orphanDependents: orphan } : {}),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(preconditions ? { preconditions } : {}),
  };
}

function optionsFromQuery(query: URLSearchParams): JsonObject {
  const grace = integer(query, 'gracePeriodSeconds');
  return {
    dryRun: query.getAll('dryRun').filter((value) => value !== ''),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(query.has('orphanDependents') ? { orphanDependents: isTrue(query, 'orphanDependents') } : {}),
    ...(query.has('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy') } : {}),
  };
}

/** The options as an AdmissionReview carries them. */
export function deleteOptionsForReview(options: DeleteOptions): JsonObject {
  const { dryRun, ...rest } = options;
  return { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) };
}

/** Reads and checks the options of list, watch and deletecollection. @throws StatusError 400, 422 */
export function listOptions(query: URLSearchParams): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: integer(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    watch: isTrue(query, 'watch'),
    allowWatchBookmarks: isTrue(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query, 'sendInitialEvents') : undefined,
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
  refuse('ListOptions', options.watch ? watchErrors(options) : listErrors(options));
  return options;
}

/** apis/meta/internalversion/validation.ValidateListOptions */
function listErrors(options: ListOptions): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (match) {
    if (!resourceVersion)
      errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`));
    if (options.continue) errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
    if (!['Exact', 'NotOlderThan'].includes(match))
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

/** apis/meta/internalversion/validation.validateWatchOptions */
function watchErrors(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbiddenField(field, `sendInitialEvents requires setting ${field} to NotOlderThan`));
  }
  if (match) {
    if (options.sendInitialEvents === undefined) {
      errors.push(forbiddenField(field, `${field} is forbidden for watch unless sendInitialEvents is provided`));
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']));
    if (options.continue) errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
  }
  return errors;
}
