/** What may go into a log line: errors spelt out, private keys and tokens cut. */

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?(-----END \1-----|$)/g;
/** The same in base64, as it stands in a Secret: "-----BEGIN" encodes to LS0tLS1CRUdJTi. */
const PEM_BASE64 = /LS0tLS1CRUdJTi[A-Za-z0-9+/=]*/g;
const BEARER = /\b(Bearer\s+)[\w.~+/=-]{8,}/gi;

/** Nearly every text has nothing to hide, and one look tells. */
const SUSPICIOUS = /-----BEGIN |LS0tLS1CRUdJTi|\bBearer\s/i;

const redactText = (text: string): string => (SUSPICIOUS.test(text) ? redactAll(text) : text);

const redactAll = (text: string): string =>
  text
    .replaceAll(PEM, (_, label: string) => `[${label.toLowerCase()} removed]`)
    .replaceAll(PEM_BASE64, '[pem removed]')
    .replaceAll(BEARER, '$1[removed]');

/** The value without PEM blocks (plain or base64) and bearer tokens. Nested values are copied only where they are cut. */
export function redact(value: string): string;
export function redact(value: unknown): unknown;
export function redact(value: unknown): unknown {
  return typeof value === 'string' ? redactText(value) : walk(value, new Set());
}

const walk = (value: unknown, above: Set<object>): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof Error || value instanceof Date) return value;
  // JSON cannot hold a circle; the line is worth more than the value.
  if (above.has(value)) return '[circular]';
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  above.add(value);
  const copy = Array.isArray(value)
    ? value.map((item) => walk(item, above))
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, above)]));
  above.delete(value);
  return copy;
};

/** How deep causes are followed. */
const DEPTH = 5;

/** Errors whose place in the code says nothing: what happened is in their message, and who can act on it is elsewhere. */
const EXPECTED = new Set(['OperatorError', 'ApiError']);

const ofError = (error: Error, depth: number, withStack: boolean): Record<string, unknown> => {
  const { code, reason, fix, stack, cause } = error as Error & { code?: unknown; reason?: unknown; fix?: unknown };
  // One stack is enough: that of the outermost error that nobody expected.
  const unexpected = withStack && !EXPECTED.has(error.name);
  return {
    name: error.name,
    message: redactText(error.message),
    ...(code !== undefined && { code }),
    ...(typeof reason === 'string' && { reason }),
    ...(typeof fix === 'string' && { fix }),
    ...(unexpected && stack !== undefined && { stack: redactText(stack) }),
    ...(cause !== undefined &&
      depth < DEPTH && {
        cause: cause instanceof Error ? ofError(cause, depth + 1, withStack && !unexpected) : walk(cause, new Set()),
      }),
    ...(error instanceof AggregateError &&
      depth < DEPTH && {
        errors: error.errors
          .slice(0, 5)
          .map((inner) => (inner instanceof Error ? ofError(inner, depth + 1, false) : inner)),
      }),
  };
};

/** Errors become plain objects with name, message, code, reason, fix and causes; JSON would make them `{}`. Other values stay. */
export const errorFields = (value: unknown): unknown => (value instanceof Error ? ofError(value, 0, true) : value);
