/** A webhook configuration that somebody else keeps: the operator looks after the caBundle that leads to it, and after nothing else. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { eventually, NAMESPACE, PATHS, World, type Json } from './operator-world.ts';

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
const THEIRS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/theirs';
const NAME = 'shared';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

const webhook = (name: string, service: string): Json => ({
  name: `${name}.example.com`,
  clientConfig: { service: { namespace: NAMESPACE, name: service, path: `/mutate/${NAME}`, port: 443 } },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  namespaceSelector: { matchLabels: { inject: 'yes' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  failurePolicy: 'Ignore',
});
const theirs = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'theirs', labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
  webhooks: [webhook('inject', `sidecar-injector-${NAME}`), webhook('other', 'somebody')],
};

/** What GitOps tools look at: everything but the caBundle of our entry, and the bookkeeping of the API server. */
function withoutBundle(configuration: Json): Json {
  const copy = structuredClone(configuration);
  for (const field of ['managedFields', 'resourceVersion', 'generation']) delete copy.metadata[field];
  delete copy.webhooks[0].clientConfig.caBundle;
  return copy;
}

it('is filled in, survives being applied again, follows a change of the authority, and is repaired', async () => {
  const operator = await world.startOperator();
  const before = await world.apply(theirs);
  await world.applyInjector(NAME);
  await world.ready(NAME);
  assert.notEqual(await world.get(PATHS.configuration(NAME)), undefined);

  await world.merge(PATHS.injector(NAME), { spec: { webhook: { existingConfiguration: 'theirs' } } });
  const { status } = await world.ready(NAME);
  assert.equal(status.webhook.configurationName, 'theirs');
  const anchors = async (): Promise<string> => decode((await world.get(PATHS.secret(NAME))).data['ca.crt']);
  const published = async (): Promise<string> =>
    decode((await world.get(THEIRS)).webhooks[0].clientConfig.caBundle ?? '');
  assert.equal(await published(), await anchors());
  await eventually('our own is gone', async () => (await world.get(PATHS.configuration(NAME))) === undefined);
  assert.deepEqual(withoutBundle(await world.get(THEIRS)), withoutBundle(before));
  assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${NAME}`]);

  // Whoever applies it again without the caBundle takes nothing away.
  const filled = await world.get(THEIRS);
  await world.apply(theirs);
  assert.deepEqual((await world.get(THEIRS)).webhooks, filled.webhooks);
  const caBundleOwners = filled.metadata.managedFields.filter(({ fieldsV1 }: Json) =>
    JSON.stringify(fieldsV1).includes('f:caBundle'),
  );
  assert.deepEqual(
    caBundleOwners.map(({ manager }: Json) => manager),
    [`sidecar-injector-${NAME}`],
  );

  const old = await anchors();
  await world.merge(PATHS.injector(NAME), { metadata: { annotations: { 'sidecarinjector.dev/rotate': 'ca-1' } } });
  await eventually('the new authority alone is trusted', async () => {
    const now = await anchors();
    return now !== old && (await published()) === now;
  });
  assert.deepEqual(await world.containersOfNewPod('b'), ['app', `side-${NAME}`]);
  assert.deepEqual(withoutBundle(await world.get(THEIRS)), withoutBundle(before));

  const edited = await world.get(THEIRS);
  edited.webhooks[0].clientConfig.caBundle = Buffer.from('x').toString('base64');
  await world.call('PUT', THEIRS, edited);
  await eventually('it is repaired', async () => (await published()) === (await anchors()), 5000);
  await eventually('an Event says so', async () =>
    (await world.items(PATHS.events)).some(
      ({ reason, note }: Json) => reason === 'Repaired' && /theirs was changed by somebody else/.test(note),
    ),
  );

  await world.merge(THEIRS, { webhooks: [theirs.webhooks[1]] });
  await eventually('what is missing is told', async () => {
    const { message = '' } = (await world.condition(NAME, 'WebhookConfigured')) ?? {};
    return message.includes(`theirs has no webhook that leads to Service ${NAMESPACE}/sidecar-injector-${NAME}`);
  });
  await world.remove(PATHS.injector(NAME));
  assert.notEqual(await world.get(THEIRS), undefined);
  await operator.kill();
});
