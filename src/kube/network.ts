/** What went wrong below HTTP, told apart: not reachable, not trusted, or already one of our errors. */

import { OperatorError, describeError, operatorError } from '../errors.ts';
import { ApiError } from './errors.ts';

/** Codes by which Node says that it does not trust the server's certificate. */
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Our error for anything that a call may throw; the original stays as its cause. */
export const networkError = (error: unknown): ApiError | OperatorError => {
  if (error instanceof ApiError || error instanceof OperatorError) return error;
  // An AggregateError of several addresses has an empty message of its own.
  const first = error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
  const detail = describeError(first);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== undefined && UNTRUSTED.has(code)) {
      return operatorError('SI2003', { detail: `${code}: ${detail}` }, { cause: error });
    }
  }
  return operatorError('SI2001', { detail }, { cause: error });
};
