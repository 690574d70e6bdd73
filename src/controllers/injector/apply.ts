/** actions -> API server. Every action may be done twice, and none depends on what an earlier one left in memory. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { Action } from '../../domain/plan.ts';
import type { KubeObject, MutatingWebhookConfiguration, Service } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { apply, remove } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS, revisionName } from '../revisions.ts';
import { tryTemplate } from './accept.ts';
import type { InjectorContext, Memory } from './context.ts';
import { recordEvent } from './events.ts';
import type { Gathered } from './gather.ts';
import { performIssuance, storeState } from './issue.ts';
import { withoutObject, type Update } from './snapshot.ts';
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
        configuration: await applyObject<MutatingWebhookConfiguration>(context, injector, resource, action, signal),
      };
    }
    case 'TryTemplate':
      return tryTemplate(context, injector, action.revision, memory, snapshot, signal);
    case 'RemoveRevision': {
      const key = { name: revisionName(name, action.revision), namespace: operator.namespace };
      await remove(client, CONTROLLER_REVISIONS, key, { signal });
      return { revisions: withoutObject(snapshot.revisions, key.name) };
    }
    case 'RestoreSecret': {
      const restored = action.from === 'Memory' ? context.serving.served(name)?.state : {};
      if (restored === undefined) return {};
      const update = await storeState(context, injector, gathered, { ...gathered.state, ...restored }, signal);
      repaired(context, injector, action.repair);
      return update;
    }
    case 'Issuance':
      return performIssuance(context, injector, action.step, gathered, memory, signal);
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

async function applyObject<T extends KubeObject>(
  context: InjectorContext,
  injector: SidecarInjector,
  resource: ResourceRef,
  { object, repair }: Extract<Action, { object: unknown }>,
  signal: AbortSignal,
): Promise<T> {
  const stored = await apply(context.client, resource, object as KubeObject, { signal });
  if (repair !== undefined) repaired(context, injector, repair);
  else context.log.info('applied', { injector: injector.metadata.name, kind: object.kind, name: object.metadata.name });
  return stored as T;
}

function repaired(context: InjectorContext, injector: SidecarInjector, note: string): void {
  context.log.warn('repaired', { injector: injector.metadata.name, what: note });
  recordEvent(context, injector, { type: 'Warning', reason: 'Repaired', action: 'Repair', note });
}
