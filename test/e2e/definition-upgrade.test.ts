/** The definition is applied anew, upgraded and rolled back over objects that exist, while the operator runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { until } from '../support/until.ts';
import {
  applyReady,
  condition,
  containersOf,
  createPod,
  injectorNamed,
  injectorStatus,
  useOperator,
} from './support/fixture.ts';
import { loadManifests } from './support/manifests.ts';
import { applyAll, resourceFor } from './support/objects.ts';

const fixture = useOperator();

const NAME = 'kept';
const SPEC = {
  injection: { position: 'First', onConflict: 'Replace' },
  webhook: { failurePolicy: 'Fail', timeoutSeconds: 7 },
};

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
}
type Definition = KubeObject & {
  spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  status?: { conditions: { type: string }[] };
};

const shipped = (): Definition[] => loadManifests('crds') as Definition[];

/** The shipped definition with a field in spec and in status that this operator does not know. */
const newer = (): Definition[] =>
  shipped().map((definition) => {
    for (const { schema } of definition.spec.versions) {
      for (const part of ['spec', 'status']) {
        const { properties } = schema.openAPIV3Schema.properties?.[part] ?? {};
        assert.ok(properties !== undefined);
        properties['forecast'] = { type: 'object', properties: { pods: { type: 'integer' } } };
      }
    }
    return definition;
  });

const stored = async (): Promise<Definition | undefined> => {
  const [definition] = shipped();
  assert.ok(definition !== undefined);
  const resource = await resourceFor(fixture.client, definition.apiVersion, definition.kind);
  return get<Definition>(fixture.client, resource, { name: definition.metadata.name ?? '' });
};

const patch = (subresource: 'status' | undefined, body: object): Promise<SidecarInjector> =>
  fixture.client.request<SidecarInjector>({
    method: 'PATCH',
    path: resourcePath(RESOURCES.sidecarInjectors, { name: NAME, ...(subresource && { subresource }) }),
    contentType: 'application/merge-patch+json',
    body,
  });

/** An API server takes a new schema a moment after it has stored it: the field then comes back, or does no more. */
const forecastIs = (kept: boolean): Promise<unknown> =>
  until(`a forecast is ${kept ? 'kept' : 'pruned'}`, async () => {
    const { status } = await patch('status', { status: { forecast: { pods: 3 } } });
    return Object.hasOwn(status ?? {}, 'forecast') === kept;
  });

const isInjected = async (): Promise<void> => {
  assert.deepEqual(containersOf(await createPod(fixture.client, `ns-${NAME}`)), [`${NAME}-sidecar`, 'app']);
};

test('applied again, it changes nothing of what is stored', async () => {
  await applyReady(fixture.client, injectorNamed(NAME, SPEC));
  // What is still to be counted of its pods may come a moment after Ready.
  const before = await until('the status is whole', async () => {
    const found = await injectorStatus(fixture.client, NAME);
    return found.status?.pods !== undefined && found;
  });
  const definition = await stored();
  for (let time = 0; time < 3; time += 1) await applyAll(fixture.client, shipped());
  assert.deepEqual(await stored(), definition);
  assert.deepEqual(await injectorStatus(fixture.client, NAME), before);
});

test('upgraded, what only it knows lives beside this operator, which goes on', async () => {
  const before = await injectorStatus(fixture.client, NAME);
  const conditions = (await stored())?.status?.conditions;
  await applyAll(fixture.client, newer());
  await forecastIs(true);
  assert.deepEqual((await stored())?.status?.conditions, conditions);
  const { spec, metadata } = await patch(undefined, {
    spec: { forecast: { pods: 5 }, webhook: { timeoutSeconds: 8 } },
  });
  assert.deepEqual(spec, {
    ...before.spec,
    webhook: { ...before.spec.webhook, timeoutSeconds: 8 },
    forecast: { pods: 5 },
  });
  await condition(fixture.client, NAME, 'Ready', 'True');
  const { status } = await injectorStatus(fixture.client, NAME);
  assert.equal(status?.observedGeneration, metadata.generation);
  assert.partialDeepStrictEqual(status, { forecast: { pods: 3 } });
  assert.equal(status?.certificate?.serialNumber, before.status?.certificate?.serialNumber);
  await isInjected();
});

test('rolled back, only that is lost', async () => {
  const { spec, status } = await injectorStatus(fixture.client, NAME);
  await applyAll(fixture.client, shipped());
  await forecastIs(false);
  const after = await injectorStatus(fixture.client, NAME);
  const { forecast: _spec, ...keptSpec } = spec as typeof spec & { forecast?: unknown };
  const { forecast: _status, ...keptStatus } = status as typeof status & { forecast?: unknown };
  assert.deepEqual(after.spec, keptSpec);
  assert.deepEqual(after.status, keptStatus);
  await condition(fixture.client, NAME, 'Ready', 'True');
  await isInjected();
});
