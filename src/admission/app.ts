/**
 * The HTTP side of admission. What the API server sends, a POST to /mutate/NAME, goes straight to its handler: express sets the
 * prototypes of each request and response, which costs a fifth of a request (docs/adr/0009). Everything else is express's.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { describeError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import type { ClientAuthority } from './clients.ts';
import { Refusal, badRequest, defect } from './refusal.ts';
import { type ReviewOptions, Reviews, passGate } from './reviews.ts';
import { sendJson } from './send.ts';
import { type DecisionEvent, Teller } from './teller.ts';

/** What metrics want to know. Labels that it gets are bounded: names of injectors, codes, numbers of statuses. */
export interface AdmissionObserver {
  decided?(event: DecisionEvent): void;
  refused?(event: { status: number; code: string }): void;
  /** `untrusted`: the API server does not trust what we serve (TLS alert 42), exact and free to know. */
  handshakeFailed?(event: { servername: string; remoteAddress: string; untrusted: boolean; code: string }): void;
}

export interface AppOptions extends ReviewOptions {
  /** Who may call; everybody by default. */
  clients?: Pick<ClientAuthority, 'refusal'> | undefined;
  log: Logger;
  observer: AdmissionObserver;
}

type Refuse = (error: unknown, request: IncomingMessage, response: ServerResponse) => void;

/** A path as the API server calls it; all other spellings are left to express. */
const REVIEW_PATH = /^\/mutate\/([a-z0-9-]+)(?:\?|$)/;

export function createListener(options: AppOptions): RequestListener {
  const reviews = new Reviews(options, new Teller(options.log, (event) => options.observer.decided?.(event)));
  const refuse = refusing(options);
  const app = createApp(options, reviews, refuse);
  return (request, response) => {
    const stranger = options.clients?.refusal(request.socket);
    if (stranger !== undefined) {
      refuse(badRequest(401, stranger), request, response);
      return;
    }
    const name = request.method === 'POST' ? REVIEW_PATH.exec(request.url ?? '')?.[1] : undefined;
    if (name === undefined) {
      app(request, response);
      return;
    }
    const fail = (error: unknown): void => refuse(error, request, response);
    try {
      passGate(options, response);
      reviews.serve(name, request, response, fail);
    } catch (error) {
      fail(error);
    }
  };
}

function createApp(options: AppOptions, reviews: Reviews, refuse: Refuse): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    passGate(options, response);
    next();
  });
  app.post('/mutate/:name', (request, response, next) => {
    reviews.serve(request.params.name, request, response, next);
  });
  app.use((request) => {
    throw badRequest(request.path.startsWith('/mutate/') ? 405 : 404, `${request.method} ${request.path.slice(0, 80)}`);
  });
  // express knows an error handler by its four parameters.
  const onError: ErrorRequestHandler = (error, request, response, _next) => refuse(error, request, response);
  app.use(onError);
  return app;
}

/** Errors of express carry a status. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) return badRequest(status, 'unreadable request');
  return defect(describeError(error), error);
}

function refusing({ log, observer }: AppOptions): Refuse {
  return (error, request, response) => {
    const refusal = refusalOf(error);
    const fields = { code: refusal.code, status: refusal.status, remote: request.socket.remoteAddress };
    if (refusal.status === 500) log.error(refusal.message, { ...fields, error: refusal.cause });
    else log.warn(`[refused_request][status=${refusal.status}] ${refusal.message}`, fields);
    observer.refused?.({ status: refusal.status, code: refusal.code });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of such a body is not worth reading to keep the connection; and a stranger's connection stays one.
    if (refusal.status === 413 || refusal.status === 401) response.setHeader('connection', 'close');
    if (refusal.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(refusal.retryAfterSeconds));
    sendJson(response, refusal.status, JSON.stringify({ code: refusal.code, message: refusal.message }));
  };
}
