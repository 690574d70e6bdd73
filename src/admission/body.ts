/** The bytes of a request: whole, in time, of bounded size, and as they were sent. */
import type { IncomingMessage } from 'node:http';
import type { Bodies } from './bodies.ts';
import { type Refusal, badRequest, notNow } from './refusal.ts';

/** Two objects of the API server's own 3 MiB limit, and the review around them (as controller-runtime). */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;

/** What is wrong with the headers that tell of the body. */
function headersRefusal({ headers }: IncomingMessage): Refusal | undefined {
  const type = headers['content-type'] ?? '';
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    return badRequest(415, 'the content type is not application/json');
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') return badRequest(415, 'the body has a content encoding');
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? tooLarge() : undefined;
}

const tooLarge = (): Refusal => badRequest(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);

/**
 * Calls `done` once, with the whole body or with why there is none. Callbacks, as a promise for each request costs a tenth
 * of the requests per second.
 */
export function readBody(
  request: IncomingMessage,
  bodies: Bodies,
  done: (body: Buffer | undefined, refusal: Refusal | undefined) => void,
): void {
  const unwanted = headersRefusal(request);
  if (unwanted !== undefined) {
    done(undefined, unwanted);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  bodies.begin(request);
  const finish = (body: Buffer | undefined, refusal: Refusal | undefined): void => {
    bodies.end(request);
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    done(body, refusal);
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) finish(undefined, tooLarge());
    else if (bodies.add(request, chunk.length)) chunks.push(chunk);
    else finish(undefined, notNow(429, 'the bodies that are on their way take too much memory', 1));
  };
  const onEnd = (): void => {
    const [first = Buffer.alloc(0)] = chunks;
    finish(chunks.length <= 1 ? first : Buffer.concat(chunks, size), undefined);
  };
  const onClose = (): void => finish(undefined, badRequest(400, 'the body broke off'));
  // A socket that breaks tells by an error before it closes; without a listener that would end the process.
  request.on('error', () => {});
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}
