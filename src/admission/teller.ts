/**
 * Tells metrics and the log of decisions, when the answers of this turn of the event loop are on their way: nobody waits for
 * a log line, and ten in a row cost a third of ten among requests, because the processor's caches hold the code then.
 */
import type { Decision } from '../domain/decide.ts';
import type { Action, ReasonCode } from '../domain/reasons.ts';
import type { AdmissionRequest } from '../domain/request.ts';
import type { Logger } from '../observe/log.ts';
import { decisionLine, patchSummary } from './logline.ts';

export interface DecisionEvent {
  injector: string;
  action: Action;
  reason: ReasonCode;
  dryRun: boolean;
  /** From the request's arrival to the answer. */
  seconds: number;
}

/** A decision that was answered. */
export interface Answered {
  /** The injector that the path names, and whether it is served. */
  name: string;
  known: boolean;
  review: AdmissionRequest;
  decision: Decision;
  seconds: number;
}

export class Teller {
  readonly #log: Logger;
  readonly #decided: (event: DecisionEvent) => void;
  #waiting: Answered[] = [];

  constructor(log: Logger, decided: (event: DecisionEvent) => void) {
    this.#log = log;
    this.#decided = decided;
  }

  /** Returns at once. */
  tell(answered: Answered): void {
    if (this.#waiting.push(answered) === 1) setImmediate(this.#tellAll);
  }

  readonly #tellAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answered of waiting) {
      try {
        this.#tellOf(answered);
      } catch (error) {
        this.#log.error('a decision could not be told', { error });
      }
    }
  };

  #tellOf({ name, known, review, decision, seconds }: Answered): void {
    const { action, reason } = decision;
    this.#decided({ injector: known ? name : '', action, reason, dryRun: review.dryRun === true, seconds });
    this.#log.info(decisionLine(review, decision), {
      injector: name,
      reason,
      uid: review.uid,
      detail: decision.message,
      ...(decision.operations.length > 0 && { patch: patchSummary(decision) }),
    });
  }
}
