/** One review: past the gate, read, answered; and then told. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import type { DecisionContext } from '../domain/decide.ts';
import type { Bodies } from './bodies.ts';
import { readBody } from './body.ts';
import type { Traffic } from './drain.ts';
import { mutate, unknownInjector } from './mutate.ts';
import { defect, notNow } from './refusal.ts';
import { encodeReview, parseReview } from './review.ts';
import { sendJson } from './send.ts';
import type { Teller } from './teller.ts';

export interface ReviewOptions {
  /** The injector of that name as it is in force: with its last accepted template. */
  injector: (name: string) => SidecarInjector | undefined;
  /** Whether an injector that is not known may be known in a moment. Default: no. */
  mayCome?: (name: string) => boolean;
  /** Whether the caches hold the cluster's state, so that an unknown name is really unknown. */
  synced: () => boolean;
  context: () => DecisionContext;
  traffic: Traffic;
  /** Requests that are worked on at one time; more are sent away with 429. */
  maxInFlight: number;
  bodies: Bodies;
}

/**
 * Says `Connection: close` while leaving, and counts the request.
 *
 * @throws Refusal when it cannot be answered now.
 */
export function passGate({ traffic, synced, maxInFlight, bodies }: ReviewOptions, response: ServerResponse): void {
  if (traffic.phase !== 'serving') response.setHeader('connection', 'close');
  if (traffic.phase === 'refusing') throw notNow(503, 'this replica is leaving', 0);
  if (!synced()) throw notNow(503, 'the caches are not synced yet', 1);
  if (traffic.inFlight >= maxInFlight && !bodies.dropSlowest())
    throw notNow(429, `${maxInFlight} requests are in work`, 1);
  response.on('close', traffic.begin());
}

/** Answers a review for the injector of that name, or calls `fail` with what is wrong. */
export function serveReview(
  options: ReviewOptions,
  teller: Teller,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
): void {
  const started = performance.now();
  readBody(request, options.bodies, (body, refusal) => {
    try {
      if (body === undefined) throw refusal ?? defect('no body and no reason');
      const review = parseReview(body);
      const injector = options.injector(name);
      if (injector === undefined && options.mayCome?.(name) === true) throw notNow(503, `${name} is not known yet`, 1);
      const { decision, answer } =
        injector === undefined ? unknownInjector(review, name) : mutate(review, injector, options.context());
      sendJson(response, 200, encodeReview(answer));
      const seconds = (performance.now() - started) / 1000;
      teller.tell({ name, known: injector !== undefined, review, decision, seconds });
    } catch (error) {
      fail(error);
    }
  });
}
