/**
 * The leader is killed with SIGKILL at each of its writes, right before the API server hears of it and right after it was
 * carried out; another replica leads from there. Nobody notices: pods go on to be created, with failurePolicy Fail.
 *
 * CRASH_POINTS=all tries every write of every kind, as a first clean run has shown them (`make crash-test`), and
 * CRASH_POINTS=renewal those of one kind; by default it is two of them, by SEED.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove } from '../../src/kube/verbs.ts';
import { chainFailure, parseCertificates } from '../../src/pki/inspect.ts';
import { randomFrom } from '../rotation/random.ts';
import { until } from '../support/until.ts';
import {
  askForRotation,
  atRest,
  AUTHORITY_KEY,
  bundlesOf,
  configurationOf,
  secretKey,
} from './support/certificates.ts';
import { stopChildren } from './support/child.ts';
import { startCreating, type Creating } from './support/creating.ts';
import { Crew, type Member } from './support/crew.ts';
import { openEnvironment, type Environment } from './support/environment.ts';
import { containersOf, createPod, deleteInjector, injectorNamed } from './support/fixture.ts';
import { describeVersion, startHistory, violations, type History } from './support/history.ts';
import { install, OPERATOR_NAMESPACE, uninstall } from './support/installation.ts';
import { applyAll } from './support/objects.ts';
import type { ApiCall } from './support/proxy.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const ASKED = process.env['CRASH_POINTS'];
const NAME = 'crash';
const NAMESPACE = `ns-${NAME}`;

interface CrashPoint {
  /** Which write, as `labelOf` names it; undefined for any. */
  label: string | undefined;
  /** The how manieth of them, from 1. */
  nth: number;
  when: 'before' | 'after';
}

interface Scenario {
  /** Asks for it. `turn` is another number each time. */
  begin(turn: number): Promise<void>;
  /** Waits until it is done, whoever did it. */
  end(turn: number): Promise<void>;
  /** Every pod has the sidecar all the while. */
  injects: boolean;
  /** Writes that a clean run has at least. */
  writes: number;
  /** It stands for the others where not all are asked for. */
  sample?: true;
}

let environment: Environment;
let client: KubeClient;
let crew: Crew;
let history: History;
let turns = 0;

const applyInjector = (): Promise<void> =>
  applyAll(client, [injectorNamed(NAME, { webhook: { failurePolicy: 'Fail' } })]);

const scenarios: Record<string, Scenario> = {
  issuance: {
    begin: () => applyInjector(),
    end: async () => void (await atRest(client, NAME)),
    injects: false,
    writes: 12,
    sample: true,
  },
  renewal: {
    begin: (turn) => askForRotation(client, NAME, `leaf-${turn}`),
    end: async (turn) => void (await atRest(client, NAME, { wish: `leaf-${turn}` })),
    injects: true,
    writes: 6,
  },
  rollover: {
    begin: (turn) => askForRotation(client, NAME, `ca-${turn}`),
    end: async (turn) => void (await atRest(client, NAME, { wish: `ca-${turn}` })),
    injects: true,
    writes: 12,
    sample: true,
  },
  'repair of the authority': {
    begin: async () => void (await remove(client, RESOURCES.secrets, AUTHORITY_KEY)),
    end: async () => {
      const look = (): Promise<Secret | undefined> => get<Secret>(client, RESOURCES.secrets, AUTHORITY_KEY);
      await until('there is an authority again', look, { timeoutMs: 60_000 });
    },
    injects: true,
    writes: 1,
  },
};

/** Leases go by time and not by steps. */
const counts = ({ writes, path }: ApiCall): boolean => writes && !path.includes('/leases');

/** Names a write alike in every run. */
const labelOf = ({ method, path, query }: ApiCall): string => {
  const short = path.replace(/^\/apis?\/([^/]+\/)?v\w+\//, '').replace(/^namespaces\/[^/]+\/(?=.)/, '');
  return `${method} ${short.replace(/-[0-9a-f]{20}\b/, '-HASH')}${query.has('dryRun') ? '?dryRun' : ''}`;
};

/** Every member shows at any time what is trusted at that time; says what was not, until the signal. */
const watchTrust = async (signal: AbortSignal): Promise<string[]> => {
  const broken: string[] = [];
  while (!signal.aborted) {
    for (const { name, process } of crew.members) {
      const served = await servedBy(process.webhookPort).catch(() => undefined);
      const bundles = bundlesOf(await configurationOf(client, NAME));
      if (served === undefined) continue;
      for (const bundle of bundles) {
        const failure = chainFailure(served, parseCertificates(bundle) ?? [], new Date());
        if (failure !== undefined) broken.push(`${name}: ${failure}`);
      }
    }
    await sleep(40);
  }
  return broken;
};

const servedBy = async (port: number): Promise<ReturnType<typeof parseCertificates>> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const servername = serviceDnsName(NAME, OPERATOR_NAMESPACE);
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerX509Certificate()?.toString() ?? '');
  });
  socket.once('error', reject);
  return parseCertificates(await promise.finally(() => socket.destroy()));
};

/** Runs a scenario and gives the leader's writes in it; all that must hold is checked. */
const run = async (scenario: Scenario, point?: CrashPoint): Promise<{ writes: string[]; died: boolean }> => {
  turns += 1;
  const turn = turns;
  if (scenario.injects) {
    await applyInjector();
    await atRest(client, NAME);
  } else {
    await deleteInjector(client, NAME);
    // One that comes at once after it would go on with what replicas remember.
    await until('nothing is left of the one before', async () => {
      const left = [await configurationOf(client, NAME), await get(client, RESOURCES.secrets, secretKey(NAME))];
      return left.every((object) => object === undefined);
    });
  }
  const leader = await crew.leader();
  const creating: Creating = startCreating(client, NAMESPACE, scenario.injects ? `${NAME}-sidecar` : null);
  const watching = new AbortController();
  const trust = watchTrust(watching.signal);
  const since = history.versions.at(-1)?.revision ?? 0;
  const writes: string[] = [];
  const died = arm(leader, writes, point);
  try {
    await scenario.begin(turn);
    const ended = scenario.end(turn).then(() => 'ended' as const);
    if ((await Promise.race([ended, died])) === 'died') {
      await crew.bury(leader);
      await Promise.all([crew.reinforce(), ended]);
    }
  } finally {
    leader.rules = {};
    watching.abort();
    await creating.stop();
  }
  assert.deepEqual(await trust, [], 'something was served that was not trusted');
  assert.deepEqual(creating.failures, [], 'pods failed');
  assert.ok(creating.pods > 0, `only ${creating.pods} pods`);
  assert.ok(containersOf(await createPod(client, NAMESPACE)).includes(`${NAME}-sidecar`));
  const { versions } = history;
  const seen = versions.filter(({ revision }) => revision > since).map(describeVersion);
  assert.ok(seen.length > 0, 'nothing was seen of it');
  assert.deepEqual(violations(versions, since), [], seen.join('\n'));
  return { writes, died: !crew.members.includes(leader) };
};

/** Has the leader die at the point; the promise never resolves when it is not reached. */
const arm = (leader: Member, writes: string[], point: CrashPoint | undefined): Promise<'died'> => {
  const { promise, resolve } = Promise.withResolvers<'died'>();
  let fatal: ApiCall | undefined;
  const die = (): void => {
    crew.kill(leader);
    resolve('died');
  };
  leader.rules = {
    decide: (call) => {
      if (!counts(call)) return 'Pass';
      const label = labelOf(call);
      writes.push(label);
      if (point === undefined || fatal !== undefined) return 'Pass';
      const times = writes.filter((each) => each === (point.label ?? each)).length;
      if (label !== (point.label ?? label) || times !== point.nth) return 'Pass';
      fatal = call;
      if (point.when === 'after') return 'LoseAnswer';
      die();
      return 'Drop';
    },
    answered: (call) => {
      if (call === fatal) die();
    },
  };
  return promise;
};

/** Each write of a clean run, twice. */
const pointsOf = (writes: readonly string[]): CrashPoint[] =>
  writes.flatMap((label, index) => {
    const nth = writes.slice(0, index + 1).filter((each) => each === label).length;
    return [
      { label, nth, when: 'before' as const },
      { label, nth, when: 'after' as const },
    ];
  });

const textOf = ({ label = 'write', nth, when }: CrashPoint): string => `killed right ${when} ${label} number ${nth}`;

const tryAll = async (t: TestContext, scenario: Scenario): Promise<void> => {
  const { writes } = await run(scenario);
  assert.ok(writes.length >= scenario.writes, `only ${writes.length} writes: ${writes.join(', ')}`);
  const missed: string[] = [];
  for (const point of pointsOf(writes)) {
    await t.test(textOf(point), async () => {
      const { died } = await run(scenario, point);
      if (!died) missed.push(textOf(point));
    });
  }
  t.diagnostic(`${writes.length} writes: ${writes.join(', ')}`);
  // Events and the status come together or one by one, as time has it: in some runs there are fewer of them.
  t.diagnostic(`not met: ${missed.join('; ') || 'none'}`);
  const certain = missed.filter((text) => !/events|status|dryRun/.test(text));
  assert.deepEqual(certain, [], 'these writes did not come again');
};

before(async () => {
  environment = await openEnvironment();
  client = environment.client;
  await install(environment);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: { inject: NAME } } };
  await applyAll(client, [namespace]);
  history = await startHistory(client);
  crew = await Crew.start({ environment, program: process.env['OPERATOR_PROGRAM'] });
  // The first leader makes it, whatever else is done.
  await until('there is an authority', () => get<Secret>(client, RESOURCES.secrets, AUTHORITY_KEY));
});
after(async () => {
  try {
    await history?.stop();
    await uninstall(environment);
  } finally {
    await crew?.stop();
    await stopChildren();
    await environment?.close();
  }
});

const random = randomFrom(SEED);
for (const [name, scenario] of Object.entries(scenarios)) {
  if (ASKED !== undefined) {
    const skip = ASKED !== 'all' && ASKED !== name;
    test(`the leader is killed at each write of the ${name}`, { skip }, (t) => tryAll(t, scenario));
  } else if (scenario.sample === true) {
    const nth = 1 + Math.floor(random() * scenario.writes);
    const point: CrashPoint = { label: undefined, nth, when: random() < 0.5 ? 'before' : 'after' };
    test(`the leader is ${textOf(point)} of the ${name}`, async () => {
      const { died } = await run(scenario, point);
      assert.ok(died);
    });
  }
}
