/** An answer other than 200: the API server then goes by the webhook's failurePolicy, or asks again after Retry-After. */
import { type ErrorCode, operatorError } from '../errors.ts';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: ErrorCode;
  /** Set where the API server should ask again: it does so by itself, inside the webhook's timeout. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The request is wrong, and the same request will be wrong again. `status`: 4xx. */
export function badRequest(status: number, detail: string): Refusal {
  return new Refusal(status, 'SI5001', operatorError('SI5001', { detail }).message);
}

/** This process cannot answer now. `status`: 429 when overloaded, else 503. */
export function notNow(status: 429 | 503, detail: string, retryAfterSeconds: number): Refusal {
  return new Refusal(status, 'SI5002', operatorError('SI5002', { detail }).message, { retryAfterSeconds });
}

/** A bug of ours: never `allowed: false`, which `failurePolicy: Ignore` would not cover. */
export function defect(detail: string, cause?: unknown): Refusal {
  return new Refusal(500, 'SI5003', operatorError('SI5003', { detail }).message, { cause });
}
