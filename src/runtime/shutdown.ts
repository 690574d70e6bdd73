/** The end of the process, in order: what was started last stops first. */

import { describeError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';

/** Stops one part. The signal aborts when its time is over. */
export type Stop = (signal: AbortSignal) => void | Promise<void>;

export class Shutdown {
  readonly #log: Logger;
  readonly #steps: { name: string; stop: Stop; timeoutMs: number }[] = [];
  readonly #done = Promise.withResolvers<number>();
  #requested = false;
  #exitCode = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** True from the request on. */
  get requested(): boolean {
    return this.#requested;
  }

  /** Resolves with the exit code when everything has been stopped. */
  get done(): Promise<number> {
    return this.#done.promise;
  }

  /** Registers how to stop what has just been started. Steps run in the opposite order, each at most `timeoutMs`. */
  onStop(name: string, stop: Stop, timeoutMs = 10_000): void {
    this.#steps.push({ name, stop, timeoutMs });
  }

  /** Begins the end; later calls can only make the exit code worse. */
  request(reason: string, exitCode = 0): void {
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    if (this.#requested) return;
    this.#requested = true;
    this.#log.info('stopping', { reason });
    void this.#run();
  }

  /** Watches over a part that should live as long as the process: its failure, or its end before its time, ends the process. */
  supervise(name: string, part: Promise<unknown>): void {
    part.then(
      () => {
        if (!this.#requested) this.#fail(name, new Error('ended by itself'));
      },
      (error: unknown) => this.#fail(name, error),
    );
  }

  #fail(name: string, error: unknown): void {
    this.#log.error('a part of the operator failed', { component: name, code: 'SI1004', error });
    this.request(`${name}: ${describeError(error)}`, 1);
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      const { name, stop, timeoutMs } = step;
      const started = performance.now();
      const late = new AbortController();
      const expired = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        const error = new Error(`took more than ${timeoutMs / 1000} s`);
        late.abort(error);
        expired.reject(error);
      }, timeoutMs);
      try {
        await Promise.race([(async () => stop(late.signal))(), expired.promise]);
        this.#log.debug('stopped', { component: name, seconds: (performance.now() - started) / 1000 });
      } catch (error) {
        this.#exitCode = Math.max(this.#exitCode, 1);
        this.#log.error('a part could not be stopped', { component: name, error });
      } finally {
        clearTimeout(timer);
      }
    }
    this.#done.resolve(this.#exitCode);
  }
}

/**
 * Stops on SIGTERM and SIGINT, and with exit code 1 on an error that nobody caught: what state the process is in is
 * unknown then, and Kubernetes starts a new one. A second SIGINT ends at once. Returns the function that stops listening.
 */
export const stopOnSignals = (
  shutdown: Shutdown,
  log: Logger,
  source: NodeJS.Process = process,
  exit: (code: number) => void = (code) => source.exit(code),
): (() => void) => {
  const onTerm = (): void => shutdown.request('SIGTERM');
  const onInterrupt = (): void => {
    if (shutdown.requested) exit(130);
    else shutdown.request('SIGINT');
  };
  const onError = (error: unknown): void => {
    log.error('an error that nobody caught', { code: 'SI1004', error });
    shutdown.request('an error that nobody caught', 1);
  };
  source.on('SIGTERM', onTerm);
  source.on('SIGINT', onInterrupt);
  source.on('unhandledRejection', onError);
  source.on('uncaughtException', onError);
  return () => {
    source.off('SIGTERM', onTerm);
    source.off('SIGINT', onInterrupt);
    source.off('unhandledRejection', onError);
    source.off('uncaughtException', onError);
  };
};
