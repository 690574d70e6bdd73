/**
 * Bodies that are on their way. An API server sends its at once, so whoever takes long stands back when places or memory run
 * short: who sends slowly on purpose must not keep others from being answered.
 */
import type { IncomingMessage } from 'node:http';

export interface BodiesOptions {
  /** Milliseconds that any body may take, whatever is wanted of its place. */
  patienceMs: number;
  /** Milliseconds that a body may take though nobody wants its place. */
  timeoutMs: number;
  /** Bytes of all bodies together. */
  maxBytes: number;
}

/** Nine bodies of the largest size that is taken: a sixth of the memory that the Deployment gives. */
export const BODIES_DEFAULTS: BodiesOptions = {
  patienceMs: 1000,
  timeoutMs: 10_000,
  maxBytes: 64 * 1024 * 1024,
};

interface Arriving {
  since: number;
  bytes: number;
}

export class Bodies {
  readonly #options: BodiesOptions;
  /** The oldest first. */
  readonly #arriving = new Map<IncomingMessage, Arriving>();
  #bytes = 0;

  constructor(options: BodiesOptions) {
    this.#options = options;
  }

  begin(request: IncomingMessage): void {
    this.#arriving.set(request, { since: performance.now(), bytes: 0 });
  }

  /** So many bytes more have come. False when there is no room for them. */
  add(request: IncomingMessage, bytes: number): boolean {
    const arriving = this.#arriving.get(request);
    if (arriving === undefined) return false;
    while (this.#bytes + bytes > this.#options.maxBytes) if (!this.dropSlowest(request)) return false;
    arriving.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  end(request: IncomingMessage): void {
    this.#bytes -= this.#arriving.get(request)?.bytes ?? 0;
    this.#arriving.delete(request);
  }

  /** Breaks off the bodies that should have come long ago. To be called now and then: a timer for each costs more than a look. */
  sweep(now = performance.now()): void {
    for (const [request, { since }] of this.#arriving) {
      if (now - since < this.#options.timeoutMs) return;
      this.end(request);
      request.destroy();
    }
  }

  /** Breaks off the body that has taken longest, if it has taken too long. False when there is none, or it is the one to spare. */
  dropSlowest(spared?: IncomingMessage): boolean {
    const [slowest] = this.#arriving;
    if (slowest === undefined) return false;
    const [request, { since }] = slowest;
    if (request === spared || performance.now() - since < this.#options.patienceMs) return false;
    this.end(request);
    request.destroy();
    return true;
  }
}
