/**
 * Refusals as Status objects, with the texts of k8s.io/apimachinery/pkg/api/errors/errors.go.
 */
import type { FieldError } from './types.ts';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface StatusBody {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, unknown>;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** A resource as errors name it: `deployments.apps`, or `pods` in the core group. */
export interface GroupResource {
  group: string;
  plural: string;
}

export interface GroupKind {
  group: string;
  kind: string;
}

/** Thrown anywhere under a request; becomes the answer. */
export class StatusError extends Error {
  readonly status: StatusBody;
  readonly code: number;
  readonly headers: Record<string, string>;

  constructor(status: StatusBody, headers: Record<string, string> = {}) {
    super(status.message ?? '');
    this.name = 'StatusError';
    this.status = status;
    this.code = status.code ?? 500;
    this.headers = headers;
  }
}

/** A refusal with any code and reason (none for errors that have no type in Go). Empty strings in `details` are left out, as Go's omitempty does. */
export function failure(code: number, reason: string, message: string, details?: StatusDetails): StatusError {
  const kept =
    details && Object.fromEntries(Object.entries(details).filter(([, value]) => value !== '' && value !== 0));
  const retryAfter = details?.retryAfterSeconds;
  return new StatusError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason ? { reason } : {}),
      ...(kept ? { details: kept } : {}),
      code,
    },
    retryAfter ? { 'retry-after': String(retryAfter) } : {},
  );
}

/** `deployments.apps`; the bare name in the core group. */
export function qualified(name: string, group: string): string {
  return group ? `${name}.${group}` : name;
}

/** Go's %q and strconv.Quote for the texts that occur in names and messages. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function on(resource: GroupResource, name: string): StatusDetails {
  return { name, group: resource.group, kind: resource.plural };
}

export function notFound(resource: GroupResource, name: string): StatusError {
  const text = `${qualified(resource.plural, resource.group)} ${quote(name)} not found`;
  return failure(404, 'NotFound', text, on(resource, name));
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const text = `${qualified(resource.plural, resource.group)} ${quote(name)} already exists`;
  return failure(409, 'AlreadyExists', text, on(resource, name));
}

export function conflict(resource: GroupResource, name: string, message: string): StatusError {
  const text = `Operation cannot be fulfilled on ${qualified(resource.plural, resource.group)} ${quote(name)}: ${message}`;
  return failure(409, 'Conflict', text, on(resource, name));
}

/** The 409 of server-side apply; one cause per field and manager. */
export function applyConflict(causes: StatusCause[], message: string): StatusError {
  return failure(409, 'Conflict', message, { causes });
}

export function forbidden(resource: GroupResource, name: string, message: string): StatusError {
  const target = qualified(resource.plural, resource.group);
  const subject = target === '' ? 'forbidden' : `${target}${name ? ` ${quote(name)}` : ''} is forbidden`;
  return failure(403, 'Forbidden', `${subject}: ${message}`, on(resource, name));
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return failure(401, 'Unauthorized', message);
}

export function badRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

export function methodNotSupported(resource: GroupResource, verb: string): StatusError {
  const text = `${verb} is not supported on resources of kind ${quote(qualified(resource.plural, resource.group))}`;
  return failure(405, 'MethodNotAllowed', text, on(resource, ''));
}

export function gone(message: string): StatusError {
  return failure(410, 'Gone', message);
}

/** 410 for a resource version or continue token that is no longer kept. */
export function expired(message: string): StatusError {
  return failure(410, 'Expired', message);
}

export function internalError(message: string): StatusError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** 504; `message` without the word "Timeout". */
export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds });
}

export function tooManyRequests(message: string, retryAfterSeconds = 1): StatusError {
  return failure(429, 'TooManyRequests', message, { retryAfterSeconds });
}

export function serviceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

export function requestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

/** k8s.io/apiserver/pkg/endpoints/handlers/negotiation/errors.go */
export function unsupportedMediaType(accepted: string[]): StatusError {
  const text = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', text);
}

/** k8s.io/apiserver/pkg/endpoints/handlers/negotiation/errors.go */
export function notAcceptable(accepted: string[]): StatusError {
  const text = `only the following media types are accepted: ${accepted.join(', ')}`;
  return failure(406, 'NotAcceptable', text);
}

const ERROR_TYPES: Record<FieldError['type'], { reason: string; text: string; quotesValue: boolean }> = {
  Required: { reason: 'FieldValueRequired', text: 'Required value', quotesValue: false },
  Forbidden: { reason: 'FieldValueForbidden', text: 'Forbidden', quotesValue: false },
  TooLong: { reason: 'FieldValueTooLong', text: 'Too long', quotesValue: false },
  InternalError: { reason: 'InternalError', text: 'Internal error', quotesValue: false },
  Invalid: { reason: 'FieldValueInvalid', text: 'Invalid value', quotesValue: true },
  TypeInvalid: { reason: 'FieldValueTypeInvalid', text: 'Invalid value', quotesValue: true },
  NotSupported: { reason: 'FieldValueNotSupported', text: 'Unsupported value', quotesValue: true },
  NotFound: { reason: 'FieldValueNotFound', text: 'Not found', quotesValue: true },
  Duplicate: { reason: 'FieldValueDuplicate', text: 'Duplicate value', quotesValue: true },
  TooMany: { reason: 'FieldValueTooMany', text: 'Too many', quotesValue: true },
};

/** A value as Go writes it: encoding/json escapes what HTML would misread. */
function quoted(value: unknown): string {
  const json = JSON.stringify(value);
  if (typeof value === 'string') return json;
  return json.replaceAll(/[&<>]/gv, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** field.Error.ErrorBody(): the text of a field error without its path. */
export function fieldErrorBody(error: FieldError): string {
  const type = ERROR_TYPES[error.type];
  const value = type.quotesValue && error.value !== undefined ? `: ${quoted(error.value)}` : '';
  const supported = error.supported?.length
    ? `supported values: ${error.supported.map((item) => quote(item)).join(', ')}`
    : undefined;
  const detail = supported ?? error.detail;
  return `${type.text}${value}${detail ? `: ${detail}` : ''}`;
}

/** utilerrors.Aggregate: one text as it is, several different ones in brackets. */
export function aggregate(texts: string[]): string {
  const different = [...new Set(texts)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

/** 422 with one cause for each field error. */
export function invalid(kind: GroupKind, name: string, errors: FieldError[]): StatusError {
  const causes = errors.map((error) => ({
    reason: ERROR_TYPES[error.type].reason,
    message: fieldErrorBody(error),
    field: error.field,
  }));
  const subject = `${qualified(kind.kind, kind.group)} ${quote(name)} is invalid`;
  const texts = errors.map((error) => `${error.field}: ${fieldErrorBody(error)}`);
  const message = errors.length === 0 ? subject : `${subject}: ${aggregate(texts)}`;
  return failure(422, 'Invalid', message, { name, group: kind.group, kind: kind.kind, causes });
}
