/** Reviews: past the gate, read, decided, answered; and then told. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import type { DecisionContext } from '../domain/decide.ts';
import type { AdmissionRequest } from '../domain/request.ts';
import type { Bodies } from './bodies.ts';
import { readBody } from './body.ts';
import type { Traffic } from './drain.ts';
import { type Verdict, mutate, unknownInjector } from './mutate.ts';
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

/** A review of which the body has come. */
interface Arrived {
  name: string;
  body: Buffer;
  response: ServerResponse;
  fail: (error: unknown) => void;
  /** By `performance.now()`, when its head came. */
  started: number;
  review?: AdmissionRequest;
  verdict?: Verdict & { known: boolean };
  /** From there until the answer was sent. */
  seconds?: number;
}

/** Bytes of bodies that go through a stage together: so many are worked on in a few milliseconds. */
const MAX_STAGE_BYTES = 128 * 1024;

/**
 * Answers reviews in stages: all those whose bodies came in one turn of the event loop are read, then decided, then sent.
 * One among requests costs twice of one in a row, because the processor's caches hold a stage's code then (docs/adr/0009).
 */
export class Reviews {
  readonly #options: ReviewOptions;
  readonly #teller: Teller;
  #arrived: Arrived[] = [];

  constructor(options: ReviewOptions, teller: Teller) {
    this.#options = options;
    this.#teller = teller;
  }

  /** Answers a review for the injector of that name, or calls `fail` with what is wrong. */
  serve(name: string, request: IncomingMessage, response: ServerResponse, fail: (error: unknown) => void): void {
    const started = performance.now();
    readBody(request, this.#options.bodies, (body, refusal) => {
      if (body === undefined) fail(refusal ?? defect('no body and no reason'));
      else if (this.#arrived.push({ name, body, response, fail, started }) === 1) setImmediate(this.#answerAll);
    });
  }

  readonly #answerAll = (): void => {
    const arrived = this.#arrived;
    this.#arrived = [];
    let [from, bytes] = [0, 0];
    for (const [index, { body }] of arrived.entries()) {
      bytes += body.length;
      if (bytes < MAX_STAGE_BYTES && index < arrived.length - 1) continue;
      const some = arrived.slice(from, index + 1);
      for (const stage of [this.#read, this.#decide, this.#send, this.#tell]) each(some, stage);
      [from, bytes] = [index + 1, 0];
    }
  };

  readonly #read = (arrived: Arrived): void => {
    arrived.review = parseReview(arrived.body);
  };

  readonly #decide = (arrived: Arrived): void => {
    const { name, review } = arrived;
    if (review === undefined) return;
    const injector = this.#options.injector(name);
    if (injector === undefined && this.#options.mayCome?.(name) === true) {
      throw notNow(503, `${name} is not known yet`, 1);
    }
    const verdict =
      injector === undefined ? unknownInjector(review, name) : mutate(review, injector, this.#options.context());
    arrived.verdict = { ...verdict, known: injector !== undefined };
  };

  readonly #send = (arrived: Arrived): void => {
    const { response, started, verdict } = arrived;
    if (verdict === undefined) return;
    sendJson(response, 200, encodeReview(verdict.answer));
    arrived.seconds = (performance.now() - started) / 1000;
  };

  /** Nobody waits for a log line. */
  readonly #tell = ({ name, review, verdict, seconds }: Arrived): void => {
    if (review === undefined || verdict === undefined || seconds === undefined) return;
    this.#teller.tell({ name, known: verdict.known, review, decision: verdict.decision, seconds });
  };
}

/** A stage for each; one that fails is out of the stages that follow. */
function each(some: readonly Arrived[], stage: (arrived: Arrived) => void): void {
  for (const arrived of some) {
    try {
      stage(arrived);
    } catch (error) {
      delete arrived.review;
      delete arrived.verdict;
      arrived.fail(error);
    }
  }
}
