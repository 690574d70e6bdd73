/** The HTTP side of admission: the gate, the body, the one route, and every error as an answer. */
import type { IncomingMessage } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import type { DecisionContext } from '../domain/decide.ts';
import type { Action, ReasonCode } from '../domain/reasons.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import type { Traffic } from './drain.ts';
import { decisionLine, patchSummary } from './logline.ts';
import { mutate, unknownInjector } from './mutate.ts';
import { Refusal, badRequest, defect, notNow } from './refusal.ts';
import { encodeReview, parseReview } from './review.ts';

export interface DecisionEvent {
  injector: string;
  action: Action;
  reason: ReasonCode;
  dryRun: boolean;
  /** From the request's arrival to the answer. */
  seconds: number;
}

/** What metrics want to know. Labels that it gets are bounded: names of injectors, codes, numbers of statuses. */
export interface AdmissionObserver {
  decided?(event: DecisionEvent): void;
  refused?(event: { status: number; code: string }): void;
  /** `untrusted`: the API server does not trust what we serve (TLS alert 42), exact and free to know. */
  handshakeFailed?(event: { servername: string; remoteAddress: string; untrusted: boolean; code: string }): void;
}

export interface AppOptions {
  /** The injector of that name as it is in force: with its last accepted template. */
  injector: (name: string) => SidecarInjector | undefined;
  /** Whether the caches hold the cluster's state, so that an unknown name is really unknown. */
  synced: () => boolean;
  context: () => DecisionContext;
  log: Logger;
  observer: AdmissionObserver;
  traffic: Traffic;
  /** Requests that are worked on at one time; more are sent away with 429. */
  maxInFlight: number;
}

/** Two objects of the API server's own 3 MiB limit, and the review around them (as controller-runtime). */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;

/** Time for a body to arrive: the API server sends it at once. */
const BODY_TIMEOUT_MS = 10_000;

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(gate(options));
  app.post('/mutate/:name', bodyDeadline, contentType, readBody, handler(options));
  app.use((request) => {
    throw badRequest(request.path.startsWith('/mutate/') ? 405 : 404, `${request.method} ${request.path.slice(0, 80)}`);
  });
  app.use(errorHandler(options));
  return app;
}

/** Says `Connection: close` while leaving, and sends away what cannot be answered now. */
function gate({ traffic, synced, maxInFlight }: AppOptions): RequestHandler {
  return (_request, response, next) => {
    if (traffic.phase !== 'serving') response.setHeader('connection', 'close');
    if (traffic.phase === 'refusing') throw notNow(503, 'this replica is leaving', 0);
    if (!synced()) throw notNow(503, 'the caches are not synced yet', 1);
    if (traffic.inFlight >= maxInFlight) throw notNow(429, `${maxInFlight} requests are in work`, 1);
    const end = traffic.begin();
    response.once('close', end);
    next();
  };
}

/** Slow senders must not hold the places of the others. */
const bodyDeadline: RequestHandler = (request, _response, next) => {
  const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop).once('close', stop);
  next();
};

const contentType: RequestHandler = (request, _response, next) => {
  const type = request.headers['content-type'] ?? '';
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw badRequest(415, 'the content type is not application/json');
  }
  next();
};

const readBody = express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false });

function handler({ injector, context, log, observer }: AppOptions): RequestHandler<{ name: string }> {
  return (request, response) => {
    const started = performance.now();
    const { name } = request.params;
    const review = parseReview(Buffer.isBuffer(request.body) ? request.body : new Uint8Array());
    const served = injector(name);
    const { decision, answer } =
      served === undefined ? unknownInjector(review, name) : mutate(review, served, context());
    response.type('application/json').send(encodeReview(answer));
    const seconds = (performance.now() - started) / 1000;
    const { action, reason } = decision;
    observer.decided?.({
      injector: served === undefined ? '' : name,
      action,
      reason,
      dryRun: review.dryRun === true,
      seconds,
    });
    log.info(decisionLine(review, decision), {
      injector: name,
      reason,
      uid: review.uid,
      detail: decision.message,
      ...(decision.operations.length > 0 && { patch: patchSummary(decision) }),
    });
  };
}

/** Errors of express and body-parser carry a status and a type. */
function refusalOf(error: unknown, request: IncomingMessage): Refusal {
  if (error instanceof Refusal) return error;
  const { status, type } = error as { status?: unknown; type?: unknown };
  if (type === 'entity.too.large') return badRequest(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
  if (type === 'encoding.unsupported') return badRequest(415, 'the body has a content encoding');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return badRequest(
      status,
      request.destroyed ? 'the body broke off' : typeof type === 'string' ? type : 'unreadable request',
    );
  }
  return defect(describeError(error), error);
}

function errorHandler({ log, observer }: AppOptions): ErrorRequestHandler {
  // express knows an error handler by its four parameters.
  return (error, request, response, _next) => {
    const refusal = refusalOf(error, request);
    const fields = { code: refusal.code, status: refusal.status, remote: request.socket.remoteAddress };
    if (refusal.status === 500) log.error(refusal.message, { ...fields, error: refusal.cause });
    else log.warn(`[refused_request][status=${refusal.status}] ${refusal.message}`, fields);
    observer.refused?.({ status: refusal.status, code: refusal.code });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of such a body is not worth reading to keep the connection.
    if (refusal.status === 413) response.setHeader('connection', 'close');
    if (refusal.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(refusal.retryAfterSeconds));
    response.status(refusal.status).json({ code: refusal.code, message: refusal.message });
  };
}
