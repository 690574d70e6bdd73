/** What the deeds of a run share: the test bed, whose turn it is, and what cannot be helped at the moment. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import type { RunningOperator } from '../../test/e2e/support/operator.ts';
import type { Bed } from '../../test/rotation/bed.ts';

/** Nothing may be wrong for longer after the last fault, in milliseconds. */
export const CONVERGENCE_MS = 10_000;
/** The slower API server hears of a repair later, and answers are under way. */
const AFTERMATH_MS = 3000;

export class World {
  readonly bed: Bed;
  readonly counts = new Map<string, number>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #spoilt: { namespace: string; from: number; until: number }[] = [];
  /** By `performance.now()`: since then no fault is between the operator and the API servers. */
  #calmSince = 0;

  constructor(bed: Bed) {
    this.bed = bed;
  }

  get client(): KubeClient {
    return this.bed.environment.client;
  }

  get replicas(): readonly RunningOperator[] {
    return this.bed.fleet.replicas;
  }

  /** Where a replica finds how far its clock is off: here, with the number of its process behind; `directory` is the test bed's. */
  static clockFiles(directory: string): string {
    return path.join(directory, 'clock-');
  }

  /** Sets the clocks of replicas off by so much; 0 puts them right. */
  shiftClock(replicas: readonly RunningOperator[], ms: number): void {
    const files = World.clockFiles(this.bed.environment.directory);
    for (const { process: child } of replicas) {
      writeFileSync(`${files}${child.pid}`, String(ms));
      child.kill('SIGUSR2');
    }
  }

  count(deed: string): void {
    this.bed.figures.note(deed);
    this.counts.set(deed, (this.counts.get(deed) ?? 0) + 1);
  }

  /** Runs one after the other what has the same key. */
  async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    this.#turns.set(
      key,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** Pods of an injector cannot be right while this goes on, nor those that were under way when it ended. */
  async spoiling(namespace: string, work: () => Promise<unknown>): Promise<void> {
    const spoilt = { namespace, from: performance.now(), until: Infinity };
    this.#spoilt.push(spoilt);
    this.bed.figures.note(`${namespace} is spoilt`);
    try {
      await work();
    } finally {
      spoilt.until = performance.now() + AFTERMATH_MS;
      this.bed.figures.note(`${namespace} is whole`);
    }
  }

  /** @param at by `performance.now()` */
  wasSpoilt(namespace: string, at: number): boolean {
    return this.#spoilt.some((each) => each.namespace === namespace && at >= each.from && at <= each.until);
  }

  /** Faults go on while this does; what was to be repaired has its time from their end on. */
  async disturbing(work: () => Promise<unknown>): Promise<void> {
    await this.inTurn('faults', async () => {
      this.#calmSince = Infinity;
      try {
        await work();
      } finally {
        this.#calmSince = performance.now();
      }
    });
  }

  /** Waits until it is true. Throws when it is not CONVERGENCE_MS after it began to be wanted and the last fault has ended. */
  async converges(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const begun = performance.now();
    let last: unknown;
    while (performance.now() - Math.max(begun, this.#calmSince) < CONVERGENCE_MS || this.#calmSince === Infinity) {
      try {
        if (await isTrue()) return;
        last = undefined;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not within ${CONVERGENCE_MS} ms: ${what}`, { cause: last });
  }
}
