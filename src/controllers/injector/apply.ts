/** actions -> API server. Every action may be done twice, and none depends on what an earlier one left in memory. */
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { webhookConfigurationName } from '../../api/v1alpha1/names.ts';
import { existingOf } from '../../domain/existing.ts';
import type { DesiredObject } from '../../domain/plan-objects.ts';
import type { Action } from '../../domain/plan.ts';
import type { KubeObject, MutatingWebhookConfiguration, Service } from '../../kube/objects.ts';
import { RESOURCES, resourcePath, type ResourceRef } from '../../kube/resources.ts';
import { apply, FIELD_MANAGER, remove } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS, renewedRevision, revisionName, type ControllerRevision } from '../revisions.ts';
import { tryTemplate } from './accept.ts';
import type { InjectorContext, Memory } from './context.ts';
import { recordEvent } from './events.ts';
import type { Gathered } from './gather.ts';
import { publishedBundle } from '../serving/published.ts';
import { moveState, withRemembered } from '../rollover-state.ts';
import type { SecretState } from '../secret.ts';
import { performIssuance, storeState } from './issue.ts';
import { withObject, withoutObject, type Update } from './snapshot.ts';
import { probe } from './verify.ts';

/** Does it, and returns what that changed. */
export async function perform(
  context: InjectorContext,
  injector: SidecarInjector,
  action: Action,
  gathered: Gathered,
  memory: Memory,
  signal: AbortSignal,
): Promise<Update> {
  const { client, operator } = context;
  const { snapshot } = gathered;
  const { name } = injector.metadata;
  switch (action.type) {
    case 'ApplyService':
      return { service: await applyObject<Service>(context, injector, RESOURCES.services, action, signal) };
    case 'ApplyWebhookConfiguration': {
      const resource = RESOURCES.mutatingWebhookConfigurations;
      return {
        configuration: await applyObject<MutatingWebhookConfiguration>(
          context,
          injector,
          resource,
          boundTo(action, snapshot.configuration),
          signal,
        ),
      };
    }
    case 'TryTemplate':
      return tryTemplate(context, injector, action.revision, memory, snapshot, signal);
    case 'RenewRevision': {
      const record = renewedRevision(injector, action.revision, operator.namespace);
      // No server-side apply: it writes the data with its keys sorted, which the API server takes for a change of it.
      const stored = await client.request<ControllerRevision>({
        method: 'PATCH',
        path: resourcePath(CONTROLLER_REVISIONS, record.metadata),
        contentType: 'application/merge-patch+json',
        body: { revision: record.revision },
        query: { fieldManager: FIELD_MANAGER },
        signal,
      });
      return { revisions: withObject(snapshot.revisions, stored) };
    }
    case 'RemoveRevision': {
      const key = { name: revisionName(name, action.revision), namespace: operator.namespace };
      await remove(client, CONTROLLER_REVISIONS, key, { signal });
      return { revisions: withoutObject(snapshot.revisions, key.name) };
    }
    case 'RestoreSecret': {
      const restored = restoredState(context, action.from, gathered);
      if (restored === undefined) return {};
      const update = await storeState(context, injector, gathered, restored, signal);
      repaired(context, injector, action.repair);
      return update;
    }
    case 'Rollover':
      return performRollover(context, injector, action.step, gathered, signal);
    case 'Issuance': {
      const update = await performIssuance(context, injector, action.step, gathered, memory, signal);
      if (action.repair !== undefined) repaired(context, injector, action.repair);
      return update;
    }
    case 'RemoveOwnConfiguration': {
      const key = { name: webhookConfigurationName(name) };
      const preconditions = { uid: action.uid };
      await remove(client, RESOURCES.mutatingWebhookConfigurations, key, { preconditions, signal });
      return { ownConfiguration: undefined };
    }
    case 'RemoveRequest': {
      const preconditions = { uid: action.uid };
      await remove(client, RESOURCES.certificateSigningRequests, { name: action.name }, { preconditions, signal });
      return { requests: withoutObject(snapshot.requests, action.name) };
    }
    case 'Probe':
    default:
      await probe(context, injector, action.of, memory, signal);
      return {};
  }
}

/** The write fails when the stored object is no longer the one that was read. */
function boundTo<A extends Extract<Action, { object: unknown }>>(action: A, stored: KubeObject | undefined): A {
  const resourceVersion = stored?.metadata.resourceVersion;
  if (resourceVersion === undefined) return action;
  return { ...action, object: { ...action.object, metadata: { ...action.object.metadata, resourceVersion } } };
}

/** The state to write back. */
function restoredState(
  { serving }: InjectorContext,
  from: Extract<Action, { type: 'RestoreSecret' }>['from'],
  { state, newer, snapshot, facts: { injector, operator } }: Gathered,
): SecretState | undefined {
  if (from === 'Itself') return state;
  if (from === 'Newer') return newer;
  const remembered = serving.served(injector.metadata.name)?.state;
  return (
    remembered && withRemembered(state, remembered, publishedBundle(snapshot.configuration, injector, operator) ?? '')
  );
}

async function performRollover(
  context: InjectorContext,
  injector: SidecarInjector,
  { state: rollover, move, why }: Extract<Action, { type: 'Rollover' }>['step'],
  gathered: Gathered,
  signal: AbortSignal,
): Promise<Update> {
  const { name } = injector.metadata;
  const { phase, reverts } = gathered.state.rollover;
  const update = await storeState(context, injector, gathered, moveState(gathered.state, rollover, move), signal);
  context.log.info('the rollover goes on', { injector: name, from: phase, to: rollover.phase, why });
  context.metrics.count('rollover_steps_total', { injector: name, phase: rollover.phase });
  if (rollover.reverts > reverts) {
    recordEvent(context, injector, {
      type: 'Warning',
      reason: 'CanaryReverted',
      action: 'Revert',
      note: `the new certificate is taken back: ${why}`,
    });
  } else if (move !== 'Keep') {
    const notes = {
      Promote: ['CertificatePromoted', 'every replica goes over to the new certificate'],
      DropNext: ['CertificateDropped', 'the new certificate is given up'],
      DropPrevious: ['TrustNarrowed', 'the old authority is no longer trusted'],
    } as const;
    const [reason, what] = notes[move];
    recordEvent(context, injector, { type: 'Normal', reason, action: 'Rollover', note: `${what}: ${why}` });
  }
  return update;
}

/** An empty map would be owned, too. */
function withoutEmpty(object: DesiredObject): JsonObject {
  const { annotations, ...metadata } = object.metadata;
  return Object.keys(annotations).length > 0 ? object : { ...object, metadata };
}

async function applyObject<T extends KubeObject>(
  context: InjectorContext,
  injector: SidecarInjector,
  resource: ResourceRef,
  { object, repair }: Extract<Action, { object: unknown }>,
  signal: AbortSignal,
): Promise<T> {
  // In one configuration of somebody else several injectors may have entries: each is a manager of its own.
  const shared = object.metadata.name === existingOf(injector);
  const stored = await apply(
    context.client,
    resource,
    (shared ? withoutEmpty(object) : object) as unknown as KubeObject,
    {
      signal,
      ...(shared && { fieldManager: `${FIELD_MANAGER}-${injector.metadata.name}` }),
    },
  );
  if (repair !== undefined) repaired(context, injector, repair);
  else context.log.info('applied', { injector: injector.metadata.name, kind: object.kind, name: object.metadata.name });
  return stored as T;
}

function repaired(context: InjectorContext, injector: SidecarInjector, note: string): void {
  context.log.warn('repaired', { injector: injector.metadata.name, what: note });
  recordEvent(context, injector, { type: 'Warning', reason: 'Repaired', action: 'Repair', note });
}
