/** When something was looked at, by a clock that never jumps: what was seen is as old as `begun`, and not known before `done`. */
export interface Look {
  begun: number;
  done: number;
}

/** How long this process has seen something as it is: what a barrier may rely on, whatever clocks and other processes do. */
export class Steady {
  readonly #seen = new Map<string, { value: string; since: number }>();

  /** Milliseconds for which `what` has surely had this value, as far as this process has looked. */
  forMs(what: string, value: string, look: Look): number {
    const known = this.#seen.get(what);
    if (known?.value === value) return Math.max(0, look.begun - known.since);
    this.#seen.set(what, { value, since: look.done });
    return 0;
  }
}
