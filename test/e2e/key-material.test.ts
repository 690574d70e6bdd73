/**
 * Nothing of a key is ever written to the log: the operator runs at its most talkative level through everything that it does
 * with keys, and through errors in them; then all its words are searched for every key that was ever stored.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove } from '../../src/kube/verbs.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { until } from '../support/until.ts';
import { askForRotation, atRest, AUTHORITY_KEY, merge, secretKey, stateOf } from './support/certificates.ts';
import { applyReady, deleteInjector, injectorNamed, useOperator } from './support/fixture.ts';
import { startHistory, type History } from './support/history.ts';
import { keyMaterialOf, leaksIn } from './support/key-material.ts';

const NAME = 'talks';
const fixture = useOperator({ argv: ['--log-level=debug'] });

describe('the log at level debug', () => {
  let client: KubeClient;
  let history: History;
  /** Keys that never came from the operator, but through its hands. */
  const planted: string[] = [];
  before(async () => {
    ({ client } = fixture);
    history = await startHistory(client);
  });
  after(() => history?.stop());

  const spoil = async (data: Record<string, string>): Promise<void> => {
    planted.push(...Object.values(data));
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    const { certificate, key } = await stateOf(client, NAME);
    await merge(client, RESOURCES.secrets, secretKey(NAME), { data: Object.fromEntries(encoded) });
    await until('it is repaired', async () => {
      const now = await stateOf(client, NAME);
      return now.certificate === certificate && now.key === key;
    });
    await atRest(client, NAME);
  };
  const secretsOf = (): Secret[] =>
    history.versions.flatMap(({ object }) => (object.kind === 'Secret' ? [object] : []));

  test('tells of a first issue, a renewal, a rollover, repairs, errors and the end', async () => {
    await applyReady(client, injectorNamed(NAME));
    await atRest(client, NAME);
    await askForRotation(client, NAME, 'leaf-1');
    await atRest(client, NAME, { wish: 'leaf-1' });
    await askForRotation(client, NAME, 'ca-1');
    await atRest(client, NAME, { wish: 'ca-1' });
    await remove(client, RESOURCES.secrets, secretKey(NAME));
    await atRest(client, NAME);
    await spoil({ 'tls.key': await generatePrivateKey(2048) });
    // Half a key: what cannot be read is what error messages like to quote.
    const half = (await generatePrivateKey(2048)).slice(0, 800);
    await spoil({ 'tls.key': half });
    await spoil({ 'tls.crt': half });
    const key = await generatePrivateKey(2048);
    planted.push(key);
    await merge(client, RESOURCES.secrets, AUTHORITY_KEY, { data: { 'ca.key': Buffer.from(key).toString('base64') } });
    await until('there is another authority', async () => {
      const secret = await get<Secret>(client, RESOURCES.secrets, AUTHORITY_KEY);
      return Buffer.from(secret?.data?.['ca.key'] ?? '', 'base64').toString() !== key;
    });
    await askForRotation(client, NAME, 'leaf-2');
    await atRest(client, NAME, { wish: 'leaf-2' });
    await deleteInjector(client, NAME);
    await fixture.operator.stop();
  });

  test('holds nothing of any key', (t) => {
    const secrets = secretsOf();
    const material = keyMaterialOf(secrets, planted);
    const { lines } = fixture.operator;
    t.diagnostic(`${lines.length} lines; ${secrets.length} versions of Secrets, ${material.keys} keys`);
    assert.ok(material.keys >= 8, `only ${material.keys} keys`);
    assert.ok(
      lines.some((line) => line.includes('"debug"')),
      'the log is not at level debug',
    );
    assert.deepEqual(leaksIn(lines, material), []);
  });

  test('would be found out: each way to write a key is seen in a log that does', () => {
    const material = keyMaterialOf(secretsOf(), planted);
    const [secret] = secretsOf().filter(({ data }) => (data?.['tls.key'] ?? '') !== '');
    const encoded = secret?.data?.['tls.key'] ?? '';
    const pem = Buffer.from(encoded, 'base64').toString();
    const ways: Record<string, string> = {
      'the Secret as JSON': JSON.stringify({ message: 'stored', secret }),
      'the key as JSON': JSON.stringify({ message: 'made', pem }),
      'a line of the key': `oops ${pem.split('\n')[5]} oops`,
      'a part of what the Secret holds': `oops ${encoded.slice(300, 380)} oops`,
      'its bytes in hexadecimal': Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64').toString('hex'),
    };
    for (const [way, line] of Object.entries(ways)) assert.notDeepEqual(leaksIn([line], material), [], way);
    assert.deepEqual(leaksIn(['{"level":"info","message":"nothing"}'], material), []);
  });
});
