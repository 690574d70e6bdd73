/** The HTTP side of admission: the gate, the one route, and every error as an answer. Bodies are read in body.ts. */
import type { ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import type { DecisionContext } from '../domain/decide.ts';
import type { Action, ReasonCode } from '../domain/reasons.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import { readBody } from './body.ts';
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

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(gate(options));
  app.post('/mutate/:name', handler(options));
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

function handler(options: AppOptions): RequestHandler<{ name: string }> {
  return (request, response, next) => {
    const started = performance.now();
    readBody(request, (body, refusal) => {
      try {
        if (body === undefined) throw refusal ?? defect('no body and no reason');
        answer(options, request.params.name, body, response, started);
      } catch (error) {
        next(error);
      }
    });
  };
}

function answer(
  { injector, context, log, observer }: AppOptions,
  name: string,
  body: Buffer,
  response: ServerResponse,
  started: number,
): void {
  const review = parseReview(body);
  const served = injector(name);
  const { decision, answer } = served === undefined ? unknownInjector(review, name) : mutate(review, served, context());
  sendJson(response, 200, encodeReview(answer));
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
}

/** As express would, without its search for a type, a charset, an etag and what is fresh: a fifth of a request. */
function sendJson(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** Errors of express carry a status. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) return badRequest(status, 'unreadable request');
  return defect(describeError(error), error);
}

function errorHandler({ log, observer }: AppOptions): ErrorRequestHandler {
  // express knows an error handler by its four parameters.
  return (error, request, response, _next) => {
    const refusal = refusalOf(error);
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
    sendJson(response, refusal.status, JSON.stringify({ code: refusal.code, message: refusal.message }));
  };
}
