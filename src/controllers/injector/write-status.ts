/** One status write per reconcile, and only when something changed. */
import type { SidecarInjector, SidecarInjectorStatus } from '../../api/v1alpha1/types.ts';
import { STATUS_FIELD_MANAGER } from '../../api/v1alpha1/names.ts';
import type { Facts } from '../../domain/plan.ts';
import { statusChanged } from '../../domain/status.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { apply } from '../../kube/verbs.ts';
import type { InjectorObject } from '../caches.ts';
import type { InjectorContext, Memory } from './context.ts';
import { recordTransitions } from './events.ts';
import { countFailure, measure } from './measure.ts';

/** Writes what is to be said of the injector. Server-side apply: fields of other writers of the status stay theirs. */
export async function writeStatus(
  context: InjectorContext,
  injector: SidecarInjector,
  status: SidecarInjectorStatus,
  facts: Facts | undefined,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  measure(context, injector.metadata.name, status, facts);
  if (!statusChanged(status, injector.status)) return;
  const { apiVersion, kind, metadata } = injector;
  const body: KubeObject & { status: typeof status } = {
    apiVersion,
    kind,
    // With the uid the write fails when the object was deleted and made anew meanwhile.
    metadata: { name: metadata.name, ...(metadata.uid !== undefined && { uid: metadata.uid }) },
    status,
  };
  try {
    // The answer is the whole injector.
    memory.written = (await apply(context.client, RESOURCES.sidecarInjectors, body, {
      subresource: 'status',
      fieldManager: STATUS_FIELD_MANAGER,
      signal,
    })) as InjectorObject;
  } catch (error) {
    if (isNotFound(error)) return;
    countFailure(context, injector, 'status', error);
    throw error;
  }
  recordTransitions(context, injector, status);
}
