import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { reviewBytes } from '../testdata/samples.ts';
import { type Fixture, type Identity, call, newIdentity, startAdmission } from './admission-fixture.ts';

const LIMITS = { quietMs: 200, maxMs: 20_000, inFlightMs: 5_000 };
const BODY = reviewBytes('optin-true');

/**
 * The API server and the Service before it: connections are kept and used again without a second try of a POST, new
 * ones go to the endpoint that is published, a 503 with Retry-After is sent again.
 */
class ApiServerLike {
  readonly #ca: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  endpoint: number;
  calls = 0;
  failures: string[] = [];
  #stopped = false;

  constructor(ca: string, endpoint: number) {
    this.#ca = ca;
    this.endpoint = endpoint;
    // The address of a connection is chosen when it is dialled, as a Service does, not when the request is made.
    const dial = this.#agent.createConnection.bind(this.#agent);
    this.#agent.createConnection = (options, callback) => dial({ ...options, port: this.endpoint }, callback);
  }

  async #call(): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { status, headers } = await call(1, this.#ca, { body: BODY, agent: this.#agent });
      if (status === 200) return;
      if (headers['retry-after'] === undefined) throw new Error(`status ${status}`);
    }
    throw new Error('too many attempts');
  }

  async #create(): Promise<void> {
    while (!this.#stopped) {
      this.calls += 1;
      await this.#call().catch((error: unknown) => this.failures.push(String(error)));
    }
  }

  run(creators: number): Promise<unknown> {
    return Promise.all(Array.from({ length: creators }, () => this.#create()));
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Resolves when so many calls more were made. */
  async after(calls: number): Promise<void> {
    const target = this.calls + calls;
    while (this.calls < target && this.failures.length === 0) await new Promise(setImmediate);
  }
}

const start = (identity: Identity): Promise<Fixture> => startAdmission(identity, { drain: LIMITS });

test('replicas are replaced one after the other under load, and no call fails', async () => {
  const identity = await newIdentity();
  let current = await start(identity);
  const api = new ApiServerLike(identity.ca, current.port);
  const load = api.run(4);
  for (let replacement = 0; replacement < 3; replacement += 1) {
    await api.after(30);
    const next = await start(identity);
    const draining = current.server.drain();
    // The endpoint goes later than the signal comes: until then new connections still reach the one that leaves.
    await api.after(30);
    api.endpoint = next.port;
    await draining;
    assert.ok(current.decided.length > 0, 'every replica had its share');
    current = next;
  }
  await api.after(30);
  api.stop();
  await load;
  api.close();
  await current.server.drain(AbortSignal.abort());
  assert.deepEqual(api.failures, []);
  assert.ok(api.calls > 150);
});

test('while draining, answers close their connection; after that the port is closed', async () => {
  const identity = await newIdentity();
  const { server, port } = await start(identity);
  const before = await call(port, identity.ca, { body: BODY });
  assert.notEqual(before.headers.connection, 'close');
  const drained = server.drain();
  const agent = new Agent({ keepAlive: true });
  const during = await call(port, identity.ca, { body: BODY, agent });
  agent.destroy();
  assert.deepEqual([during.status, during.headers.connection], [200, 'close']);
  await drained;
  await assert.rejects(call(port, identity.ca, { body: BODY, agent: new Agent() }), /ECONNREFUSED/);
});

test('an aborted drain is quick', async () => {
  const identity = await newIdentity();
  const { server } = await startAdmission(identity, { drain: { quietMs: 60_000, maxMs: 60_000, inFlightMs: 60_000 } });
  const started = performance.now();
  await server.drain(AbortSignal.timeout(50));
  assert.ok(performance.now() - started < 5_000);
});
