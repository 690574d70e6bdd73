/** Disorder on demand: answers that are errors, late, cut off, and watches that end. */

/** Which requests a fault hits. What is left out matches everything; names may be `*`. */
export interface FaultMatch {
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verb?: string;
  group?: string;
  /** Plural name, e.g. `secrets`. */
  resource?: string;
  namespace?: string;
  name?: string;
  /** Who asks, e.g. `system:serviceaccount:default:default`. */
  user?: string;
}

export interface Fault extends FaultMatch {
  /** The request is refused with this HTTP status before anything is done. */
  status?: number;
  reason?: string;
  message?: string;
  retryAfterSeconds?: number;
  /** The request waits this long first. */
  latencyMs?: number;
  /** The request is carried out, and then the connection is cut instead of an answer. */
  loseResponse?: boolean;
  /** How many requests it hits before it is gone; unlimited when absent. */
  times?: number;
  /** The part of the matching requests that it hits, from 0 to 1, by chance; all when absent. */
  share?: number;
}

export interface Faults {
  /** Adds a fault and returns the function that takes it away. */
  add(fault: Fault): () => void;
  clear(): void;
  list(): Fault[];
  /** Cuts the running watches that match; returns how many they were. */
  dropWatches(match?: FaultMatch): number;
}

/** One request as faults see it. */
export interface FaultTarget {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
  user?: string;
}

const FIELDS = ['verb', 'group', 'resource', 'namespace', 'name', 'user'] as const;

export function matches(match: FaultMatch, target: FaultTarget): boolean {
  return FIELDS.every((field) => {
    const wanted = match[field];
    return wanted === undefined || wanted === '*' || wanted === (target[field] ?? '');
  });
}

/** The faults of one cluster. */
export class FaultBox implements Faults {
  #faults: Fault[] = [];
  readonly #drop: (match: FaultMatch) => number;
  readonly #random: () => number;

  /** @param drop cuts the running watches that match. */
  constructor(drop: (match: FaultMatch) => number, random: () => number = Math.random) {
    this.#drop = drop;
    this.#random = random;
  }

  add(fault: Fault): () => void {
    const own = { ...fault };
    this.#faults.push(own);
    return () => {
      this.#faults = this.#faults.filter((each) => each !== own);
    };
  }

  clear(): void {
    this.#faults = [];
  }

  list(): Fault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  dropWatches(match: FaultMatch = {}): number {
    return this.#drop(match);
  }

  /** The fault for a request, counted as used. */
  take(target: FaultTarget): Fault | undefined {
    const fault = this.#faults.find(
      (each) => matches(each, target) && (each.share === undefined || this.#random() < each.share),
    );
    if (fault?.times !== undefined && --fault.times <= 0) this.#faults = this.#faults.filter((each) => each !== fault);
    return fault;
  }
}
