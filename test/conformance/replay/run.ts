/** Holds one conversation of a scenario with a server, and says of each step what was not as recorded. */

import { text as readText } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnswerHead, ReplayClient, WireRequest } from './client.ts';
import { compareAnswer } from './compare.ts';
import { difference } from './difference.ts';
import { Identities } from './identities.ts';
import { normalise } from './normalise.ts';
import { substitute } from './placeholders.ts';
import { getPointer, keepOnly } from './pointers.ts';
import type { Answer, RecordedRequest, Scenario, Step, Until } from './scenario.ts';
import { WatchReader } from './watch-reader.ts';
import { WebhookHost } from './webhook-host.ts';

export interface FailedStep {
  step: string;
  /** The structural difference, or why the step could not be run. */
  lines: string[];
}

interface RawAnswer extends AnswerHead {
  body: unknown;
}

const POLL_MS = 100;
const DEFAULT_UNTIL_SECONDS = 30;

const KEPT_OF_CALLS = ['/apiVersion', '/kind', '/request/kind', '/request/resource', '/request/subResource'].concat(
  ['/request/requestKind', '/request/requestResource', '/request/name', '/request/namespace'],
  ['/request/operation', '/request/dryRun', '/request/options'],
);

/** Runs all steps, also after a failing one: the last ones clear away. Gives back those that failed. */
export const runScenario = async (scenario: Scenario, client: ReplayClient, run: string): Promise<FailedStep[]> => {
  const conversation = new Conversation(scenario, client, run);
  const failed: FailedStep[] = [];
  try {
    await conversation.begin();
    for (const step of scenario.steps) {
      const lines = await conversation.take(step).catch((error: unknown) => [`! ${String(error)}`]);
      if (lines.length > 0 && step.cleanup !== true) failed.push({ step: step.name, lines });
    }
  } finally {
    await conversation.end();
  }
  return failed;
};

class Conversation {
  readonly #scenario: Scenario;
  readonly #client: ReplayClient;
  readonly #identities: Identities;
  readonly #variables: Map<string, unknown>;
  readonly #webhooks = new WebhookHost();
  readonly #watches = new Map<string, WatchReader>();

  constructor(scenario: Scenario, client: ReplayClient, run: string) {
    const constants = Object.entries(scenario.vars ?? {});
    this.#scenario = scenario;
    this.#client = client;
    this.#identities = new Identities(run, scenario.vars);
    this.#variables = new Map([
      ['run', run],
      ...constants.map(([name, value]) => [name, value.replaceAll('{{run}}', run)] as const),
    ]);
  }

  async begin(): Promise<void> {
    await this.#webhooks.start(this.#scenario.webhooks ?? {});
    for (const [name, port] of this.#webhooks.ports) {
      this.#variables.set(`webhook.${name}.port`, String(port));
      this.#variables.set(`webhook.${name}.url`, `https://127.0.0.1:${port}`);
    }
  }

  async end(): Promise<void> {
    for (const watch of this.#watches.values()) watch.stop();
    await this.#webhooks.stop();
  }

  /** Takes one step; gives back what is wrong with its answer. */
  async take(step: Step): Promise<string[]> {
    if (step.resetCalls === true) this.#webhooks.takeCalls();
    if (step.sleepMs !== undefined) await delay(step.sleepMs);
    if (step.calls !== undefined) return compareAnswer(step, this.#callsOf(step.calls));
    if (step.collect !== undefined) return compareAnswer(step, await this.#collect(step, step.collect));
    if (step.request === undefined) return [];
    const { answer, missed } = await this.#ask(step, step.request);
    this.#capture(step, answer.body);
    const lines = compareAnswer(step, this.#normalised(step, answer));
    return missed && lines.length > 0 ? ['! the condition was not reached in time', ...lines] : lines;
  }

  #callsOf({ keep = KEPT_OF_CALLS, contentType = false, sorted = false }: NonNullable<Step['calls']>): Answer {
    const calls = this.#webhooks.takeCalls().map((call) => ({
      server: call.server,
      path: this.#identities.text(call.path),
      ...(contentType ? { contentType: call.contentType } : {}),
      body: keepOnly(normalise(call.body, this.#identities), keep),
    }));
    // Configurations are called in the order of their names, but validating webhooks all at once.
    if (sorted) calls.sort((a, b) => a.path.localeCompare(b.path, 'en'));
    return { body: { count: calls.length, calls } };
  }

  async #collect(step: Step, reading: NonNullable<Step['collect']>): Promise<Answer> {
    const watch = this.#watches.get(reading.watch);
    if (watch === undefined) throw new Error(`the watch ${reading.watch} was not started`);
    const events = await watch.read(reading);
    this.#capture(step, events);
    return { body: normalise(events, this.#identities, step) };
  }

  #normalised(step: Step, { status, headers, body }: RawAnswer): Answer {
    const warning = headers.warning.map((text) => this.#identities.text(text));
    return {
      status,
      headers: { ...headers, warning },
      ...(body === undefined ? {} : { body: normalise(body, this.#identities, step) }),
    };
  }

  #capture({ capture = {} }: Step, body: unknown): void {
    for (const [name, pointer] of Object.entries(capture)) {
      const value = getPointer(body, pointer);
      if (value !== undefined) this.#variables.set(name, value);
    }
  }

  /** Sends the request, with `until` again and again; `missed` when the condition did not come true. */
  async #ask(step: Step, request: RecordedRequest): Promise<{ answer: RawAnswer; missed: boolean }> {
    const deadline = Date.now() + (step.until?.timeoutSeconds ?? DEFAULT_UNTIL_SECONDS) * 1000;
    for (;;) {
      const answer = await this.#exchange(step, request);
      if (step.until === undefined || holds(step.until, answer)) return { answer, missed: false };
      if (Date.now() > deadline) return { answer, missed: true };
      await delay(POLL_MS);
      if (step.resetCalls === true) this.#webhooks.takeCalls();
    }
  }

  async #exchange({ watch }: Step, recorded: RecordedRequest): Promise<RawAnswer> {
    const { method, path, headers, body, raw, as } = substitute(recorded, this.#variables) as RecordedRequest;
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const request: WireRequest = { method, path: path.replaceAll(' ', '%20'), headers, body: text, as };
    if (watch === undefined) {
      const answer = await this.#client.send(request);
      return { ...answer, body: parseBody(answer) };
    }
    const { head, stream } = await this.#client.open(request);
    if (head.status !== 200) return { ...head, body: parseBody({ ...head, text: await readText(stream) }) };
    const reader = new WatchReader(stream, watch.bookmarks ?? false);
    if (watch.start !== undefined) {
      this.#watches.set(watch.start, reader);
      return { ...head, body: undefined };
    }
    const events = await reader.read(watch);
    reader.stop();
    return { ...head, body: events };
  }
}

const parseBody = ({ headers, text }: AnswerHead & { text: string }): unknown => {
  if (text === '') return undefined;
  if (headers['content-type']?.includes('json') !== true && !/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const holds = ({ status, body, present = [], absent = [] }: Until, answer: RawAnswer): boolean =>
  (status === undefined || status === answer.status) &&
  (body === undefined || difference(body, answer.body, 'subset').length === 0) &&
  present.every((pointer) => getPointer(answer.body, pointer) !== undefined) &&
  absent.every((pointer) => getPointer(answer.body, pointer) === undefined);
