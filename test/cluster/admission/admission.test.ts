import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { createAuthorizer } from '../auth/index.ts';
import { createAuthority, createIdentity } from '../identity.ts';
import { startCluster } from '../index.ts';
import type { Cluster, KubeObject } from '../index.ts';
import type { JsonObject } from '../types.ts';
import { createAdmission } from './index.ts';

const now = new Date();
const authority = createAuthority('hooks', now);
const { certificate, key } = createIdentity(
  authority,
  { commonName: 'localhost', dnsNames: ['localhost'], usage: 'server auth' },
  now,
);
/** What the webhook answers (fields of the response), and what it was asked. */
let answer: (request: JsonObject) => JsonObject | Promise<JsonObject> = () => ({});
let asked: JsonObject[] = [];
const server = createServer({ cert: certificate, key }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: JsonObject };
    asked.push(review);
    void Promise.resolve(answer(review)).then((fields) => {
      const reply = { uid: review['uid'], allowed: true, ...fields };
      response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: reply }));
    });
  });
});
let cluster: Cluster;
let lagMs = 0;
const made: string[] = [];
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';

async function request(method: string, path: string, body?: object): Promise<{ status: number; body: JsonObject }> {
  return await cluster.client.request(method, path, body);
}

async function create(plural: string, name: string, fields: object): Promise<void> {
  const path = `${REGISTRATION}/${plural}`;
  const { status, body } = await request('POST', path, { metadata: { name }, ...fields });
  assert.equal(status, 201, JSON.stringify(body));
  made.push(`${path}/${name}`);
}

function webhook(name: string, more: object = {}): object {
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(authority.certificate).toString('base64');
  return {
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: `https://localhost:${port}/`, caBundle },
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    ...more,
  };
}

const patch = (...operations: object[]): JsonObject => ({
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const configMap = (more: object = {}): Promise<{ status: number; body: JsonObject }> =>
  request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { metadata: { name: 'c' }, ...more });
const message = async (outcome: Promise<{ body: JsonObject }>): Promise<unknown> => (await outcome).body['message'];

before(async () => {
  await new Promise<void>((resolve) => void server.listen(0, 'localhost', resolve));
  cluster = await startCluster({ servers: [{ configurationLagMs: () => lagMs }] });
});
beforeEach(async () => {
  for (const path of made.splice(0)) await request('DELETE', path);
  answer = () => ({});
  asked = [];
});
after(async () => {
  await cluster.stop();
  server.closeAllConnections();
  server.close();
});

test('the probe policy lets nothing but dry-run pods into its namespace', async () => {
  const text = await readFile(new URL('../../../config/probe/policy.yaml', import.meta.url), 'utf8');
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as KubeObject;
    const plural = `${object.kind.toLowerCase().replace(/y$/, 'ie')}s`;
    await create(plural, object.metadata.name, object);
  }
  const name = 'sidecar-injector-probe';
  await request('POST', '/api/v1/namespaces', { metadata: { name } });
  const spec = { containers: [{ name: 'a', image: 'a' }], automountServiceAccountToken: false };
  const pod = (query: string): Promise<{ status: number; body: JsonObject }> =>
    request('POST', `/api/v1/namespaces/${name}/pods${query}`, { metadata: { name: 'p' }, spec });
  assert.equal((await pod('?dryRun=All')).status, 201);
  const { status, body } = await pod('');
  assert.equal(status, 422);
  assert.equal(
    body['message'],
    `pods "p" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: only dry-run pods may be created in ${name}; use another namespace`,
  );
});

test('policies speak through messages made of variables, are noted, and fail by their failurePolicy', async () => {
  const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
  const policy = (name: string, fields: object): Promise<void> =>
    create('validatingadmissionpolicies', name, { spec: { matchConstraints: { resourceRules: [rule] }, ...fields } });
  const bind = (policyName: string, ...validationActions: string[]): Promise<void> =>
    create('validatingadmissionpolicybindings', policyName, { spec: { policyName, validationActions } });
  await policy('size', {
    variables: [
      { name: 'broken', expression: 'object.nothing.at.all' },
      { name: 'keys', expression: 'size(object.data)' },
    ],
    validations: [
      {
        expression: 'variables.keys < 2',
        messageExpression: "'too many: ' + string(variables.keys)",
        reason: 'Forbidden',
      },
    ],
  });
  await bind('size', 'Deny');
  const two = { data: { a: '1', b: '2' } };
  const { status, body } = await configMap(two);
  assert.equal(status, 403);
  assert.match(String(body['message']), /denied request: too many: 2$/);
  assert.equal((await configMap({ data: { a: '1' } })).status, 201);
  const failed = await message(configMap());
  assert.match(String(failed), /resulted in error: no such key: data/);
  await request('DELETE', `${REGISTRATION}/validatingadmissionpolicybindings/size`);
  await policy('lax', {
    failurePolicy: 'Ignore',
    validations: [{ expression: 'object.data.a == "x"', message: 'no x' }],
  });
  await bind('lax', 'Warn', 'Audit');
  assert.equal((await configMap(two)).status, 201);
  assert.match(
    cluster.audit.at(-1)?.annotations['validation.policy.admission.k8s.io/validation_failure'] ?? '',
    /"no x"/,
  );
  await request('DELETE', `${REGISTRATION}/validatingadmissionpolicybindings/lax`);
  await bind('lax', 'Deny');
  assert.equal((await configMap()).status, 201, 'an evaluation error counts for nothing under Ignore');
});

test('what a patch adds is read as the type would read it', async () => {
  await create('mutatingwebhookconfigurations', 'm', {
    webhooks: [webhook('m.example.com', { failurePolicy: 'Ignore' })],
  });
  answer = () => patch({ op: 'add', path: '/data', value: { a: 'b' } }, { op: 'add', path: '/nonsense', value: 1 });
  const { body } = await configMap();
  assert.deepEqual([body['data'], body['nonsense']], [{ a: 'b' }, undefined]);
  answer = () => patch({ op: 'add', path: '/data', value: { a: 1 } });
  const wrong = await configMap();
  assert.equal(wrong.status, 500, 'a patch that does not fit is no failed call: Ignore does not help');
  assert.match(String(wrong.body['message']), /^Internal error occurred: json: cannot unmarshal number into Go/);
});

test('a match condition that fails refuses under Fail and skips under Ignore', async () => {
  const matchConditions = [{ name: 'x', expression: 'object.metadata.labels.a == "b"' }];
  const hook = (failurePolicy: string): object => ({
    webhooks: [webhook('c.example.com', { matchConditions, failurePolicy })],
  });
  await create('mutatingwebhookconfigurations', 'm', hook('Fail'));
  const { status, body } = await configMap();
  assert.equal(status, 403);
  assert.equal(
    body['message'],
    `configmaps "c" is forbidden: expression 'object.metadata.labels.a == "b"' resulted in error: no such key: labels`,
  );
  assert.equal((await configMap({ metadata: { name: 'c', labels: { a: 'b' } } })).status, 201);
  assert.equal(asked.length, 1);
  await request('DELETE', `${REGISTRATION}/mutatingwebhookconfigurations/m`);
  await create('mutatingwebhookconfigurations', 'n', hook('Ignore'));
  assert.equal((await configMap()).status, 201);
  assert.equal(asked.length, 1);
});

test('admission is noted: what each webhook did, what it said, and when its failure was ignored', async () => {
  await create('mutatingwebhookconfigurations', 'm', {
    webhooks: [webhook('m.example.com', { failurePolicy: 'Ignore' })],
  });
  answer = () => ({
    ...patch({ op: 'add', path: '/data', value: { a: 'b' } }),
    auditAnnotations: { why: 'because', 'not a key': 'x' },
  });
  await configMap();
  const operations = [{ op: 'add', path: '/data', value: { a: 'b' } }];
  const who = { configuration: 'm', webhook: 'm.example.com' };
  assert.deepEqual(cluster.audit.at(-1)?.annotations, {
    'm.example.com/why': 'because',
    'patch.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({
      ...who,
      patch: operations,
      patchType: 'JSONPatch',
    }),
    'mutation.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({ ...who, mutated: true }),
  });
  answer = () => ({ uid: 'wrong' });
  await configMap();
  assert.equal(
    cluster.audit.at(-1)?.annotations['failed-open.mutation.webhook.admission.k8s.io/round_0_index_0'],
    'm.example.com',
  );
});

test('an equivalent resource is asked about in the version that the rule names', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: ['events.k8s.io'], apiVersions: ['v1'], resources: ['events'] }];
  await create('mutatingwebhookconfigurations', 'm', { webhooks: [webhook('m.example.com', { rules })] });
  const event = { metadata: { name: 'e', namespace: 'default' }, involvedObject: { namespace: 'default' } };
  await request('POST', '/api/v1/namespaces/default/events?dryRun=All', event);
  const [review] = asked as [{ kind: JsonObject; requestKind: JsonObject; object: KubeObject }];
  assert.deepEqual(review.kind, { group: 'events.k8s.io', version: 'v1', kind: 'Event' });
  assert.deepEqual(review.requestKind, { group: '', version: 'v1', kind: 'Event' });
  assert.equal(review.object.apiVersion, 'events.k8s.io/v1');
});

test('validating webhooks are asked together, and may not patch', async () => {
  const hooks = ['a', 'b'].map((name) => webhook(`${name}.example.com`));
  await create('validatingwebhookconfigurations', 'v', { webhooks: hooks });
  const both = Promise.withResolvers<JsonObject>();
  answer = () => {
    if (asked.length === 2) both.resolve({});
    return both.promise;
  };
  assert.equal((await configMap()).status, 201, 'each is answered only when the other was asked');
  answer = () => patch({ op: 'add', path: '/data', value: {} });
  assert.match(String(await message(configMap())), /validating webhook may not return response\.patch$/);
});

test('a webhook with side effects is not asked in a dry run, and the request is refused', async () => {
  const store = cluster.store;
  await create('mutatingwebhookconfigurations', 'm', { webhooks: [webhook('m.example.com')] });
  const storageKey = 'mutatingwebhookconfigurations.admissionregistration.k8s.io';
  const old = store.get(storageKey, undefined, 'm');
  assert.ok(old);
  // Older servers accepted Some; such objects may still be stored.
  store.update(
    storageKey,
    {
      ...structuredClone(old),
      webhooks: [
        webhook('m.example.com', { sideEffects: 'Some', timeoutSeconds: 1, namespaceSelector: {}, objectSelector: {} }),
      ],
    },
    old,
  );
  assert.equal(await message(configMap()), 'admission webhook "m.example.com" does not support dry run');
  assert.equal(asked.length, 0);
});

test('when the whole request is out of time, Ignore does not save it', async () => {
  await create('mutatingwebhookconfigurations', 'm', {
    webhooks: [webhook('m.example.com', { failurePolicy: 'Ignore' })],
  });
  answer = () => new Promise(() => {});
  const { store, registry } = cluster;
  const admission = createAdmission({ store, registry, authorizer: createAuthorizer(store) });
  const resource = registry.find('', 'v1', 'configmaps');
  assert.ok(resource);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } };
  const outcome = admission.mutate(
    {
      operation: 'CREATE',
      resource,
      subresource: undefined,
      name: 'c',
      namespace: 'default',
      object,
      oldObject: undefined,
      options: {},
      dryRun: true,
      user: { username: 'ann', groups: [] },
      warn() {},
      deadline: Date.now() + 50,
    },
    () => {},
  );
  await assert.rejects(outcome, { code: 504, message: 'Timeout: request did not complete within requested timeout' });
  admission.close();
});

test('changes of configurations come into force after the lag', async () => {
  lagMs = 50;
  try {
    await create('mutatingwebhookconfigurations', 'm', { webhooks: [webhook('m.example.com')] });
    await configMap();
    assert.equal(asked.length, 0);
    const limit = Date.now() + 5000;
    while (asked.length === 0 && Date.now() < limit) {
      await configMap();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(asked.length > 0);
  } finally {
    lagMs = 0;
  }
});
