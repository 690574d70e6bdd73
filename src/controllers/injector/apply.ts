/** actions -> API server. Every action may be done twice, and none depends on what an earlier one left in memory. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { Action } from '../../domain/plan.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { apply, remove } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS, revisionName } from '../revisions.ts';
import { tryTemplate } from './accept.ts';
import type { InjectorContext, Memory } from './context.ts';
import { recordEvent } from './events.ts';
import type { Gathered } from './gather.ts';
import { performIssuance, storeState } from './issue.ts';
import { probe } from './verify.ts';

export async function perform(
  context: InjectorContext,
  injector: SidecarInjector,
  action: Action,
  gathered: Gathered,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const { client, operator } = context;
  const { name } = injector.metadata;
  switch (action.type) {
    case 'ApplyService':
      await applyObject(context, injector, RESOURCES.services, action, signal);
      return;
    case 'ApplyWebhookConfiguration':
      await applyObject(context, injector, RESOURCES.mutatingWebhookConfigurations, action, signal);
      return;
    case 'TryTemplate':
      await tryTemplate(context, injector, action.revision, memory, signal);
      return;
    case 'RemoveRevision': {
      const key = { name: revisionName(name, action.revision), namespace: operator.namespace };
      await remove(client, CONTROLLER_REVISIONS, key, { signal });
      return;
    }
    case 'RestoreSecret': {
      const restored = action.from === 'Memory' ? context.serving.served(name)?.state : {};
      if (restored === undefined) return;
      await storeState(context, injector, gathered, { ...gathered.state, ...restored }, signal);
      repaired(context, injector, action.repair);
      return;
    }
    case 'Issuance':
      await performIssuance(context, injector, action.step, gathered, signal);
      return;
    case 'RemoveRequest': {
      const preconditions = { uid: action.uid };
      await remove(client, RESOURCES.certificateSigningRequests, { name: action.name }, { preconditions, signal });
      return;
    }
    case 'Probe':
      await probe(context, injector, action.of, memory, signal);
      return;
  }
}

async function applyObject(
  context: InjectorContext,
  injector: SidecarInjector,
  resource: ResourceRef,
  { object, repair }: Extract<Action, { object: unknown }>,
  signal: AbortSignal,
): Promise<void> {
  await apply<KubeObject>(context.client, resource, object, { signal });
  if (repair !== undefined) repaired(context, injector, repair);
  else context.log.info('applied', { injector: injector.metadata.name, kind: object.kind, name: object.metadata.name });
}

function repaired(context: InjectorContext, injector: SidecarInjector, note: string): void {
  context.log.warn('repaired', { injector: injector.metadata.name, what: note });
  recordEvent(context, injector, { type: 'Warning', reason: 'Repaired', action: 'Repair', note });
}
