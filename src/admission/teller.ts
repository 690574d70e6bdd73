/** Tells metrics and the log of decisions that were answered. */
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

  constructor(log: Logger, decided: (event: DecisionEvent) => void) {
    this.#log = log;
    this.#decided = decided;
  }

  /** Never throws: the answer has been sent. */
  tell(answered: Answered): void {
    try {
      this.#tellOf(answered);
    } catch (error) {
      this.#log.error('a decision could not be told', { error });
    }
  }

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
