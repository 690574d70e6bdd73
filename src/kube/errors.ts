/** What the API server answers when it refuses, as one error class, and what may be tried again. */

import { OperatorError, type RetryClass } from '../errors.ts';
import type { Status } from './objects.ts';

/** A refusal by the API server. `code` is the HTTP status, `reason` the machine-readable word (`NotFound`, `Conflict`...). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly status: Status | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(options: {
    code: number;
    reason: string;
    message: string;
    status?: Status | undefined;
    retryAfterSeconds?: number | undefined;
  }) {
    super(options.message);
    this.code = options.code;
    this.reason = options.reason;
    this.status = options.status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What an intermediary that sends no Status body most likely means; the words are those of metav1.StatusReason. */
const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** Seconds of a `Retry-After` header, which is a number or an HTTP date. */
const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined || header === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
};

const parseStatus = (body: string): Status | undefined => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && (parsed as Status).kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** The error of an answer that is not 2xx. A body that is no Status (a proxy's HTML page) is cut to one short line. */
export const errorOfResponse = (code: number, body: string, retryAfter?: string): ApiError => {
  const status = parseStatus(body);
  const reason = status?.reason ?? REASONS[code] ?? 'Unknown';
  return new ApiError({
    code,
    reason,
    message: status?.message ?? `HTTP ${code} ${reason}: ${body.replaceAll(/\s+/g, ' ').slice(0, 200)}`.trim(),
    status,
    retryAfterSeconds: retryAfterOf(retryAfter, Date.now()) ?? status?.details?.retryAfterSeconds,
  });
};

/** The error of a Status that came inside a 200 answer, as an ERROR event of a watch. */
export const errorOfStatus = (status: Status): ApiError =>
  new ApiError({
    code: status.code ?? 500,
    reason: status.reason ?? REASONS[status.code ?? 500] ?? 'Unknown',
    message: status.message ?? 'the API server gave no message',
    status,
    retryAfterSeconds: status.details?.retryAfterSeconds,
  });

const hasCode =
  (...codes: number[]) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && codes.includes(error.code);
const hasReason =
  (reason: string) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && error.reason === reason;

export const isNotFound = hasCode(404);
export const isForbidden = hasCode(403);
export const isUnauthorized = hasCode(401);
export const isInvalid = hasCode(422);
/** 410: the resourceVersion or the continue token is too old. */
export const isGone = hasCode(410);
/** 409 AlreadyExists and 409 Conflict share one HTTP status; only the reason tells them apart. */
export const isAlreadyExists = hasReason('AlreadyExists');
export const isConflict = hasReason('Conflict');

/**
 * Whether trying again later can help. Of the 4xx, only what is wrong with the request itself (400, 413, 415, 422) stays
 * wrong: rights are granted, resources are installed, and other writers finish.
 */
export const retryClassOf = (error: unknown): RetryClass => {
  if (error instanceof OperatorError) return error.retry;
  if (!(error instanceof ApiError)) return 'backoff';
  if (error.retryAfterSeconds !== undefined && (error.code === 429 || error.code >= 500)) return 'after';
  return [400, 405, 413, 415, 422].includes(error.code) ? 'never' : 'backoff';
};
