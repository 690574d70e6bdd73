/** A template is in force only after the API server took a pod with it (DESIGN 5). */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { trialPod } from '../../domain/render.ts';
import { ApiError, isAlreadyExists } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS, controllerRevision } from '../revisions.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import { withObject, type Snapshot, type Update } from './snapshot.ts';

/** What was refused may be taken later: the cluster changes too (a priority class, a policy). */
const AGAIN_MS = 60_000;
/** 400: a field that the API server does not know. 422: a pod that it would not store. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422]);

/**
 * Creates a pod with the template in it as a dry run. Taken: the template is recorded, and from then on served. Refused:
 * the server's words are remembered, and the template before stays in force.
 */
export async function tryTemplate(
  context: InjectorContext,
  injector: SidecarInjector,
  revision: string,
  memory: Memory,
  { revisions }: Snapshot,
  signal: AbortSignal,
): Promise<Update> {
  const { client, operator, log } = context;
  try {
    await create(client, RESOURCES.pods, trialPod(injector) as unknown as KubeObject, { dryRun: true, signal });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const outcome = REFUSALS.has(error.code) ? 'Rejected' : 'NotTried';
    memory.trial = { revision, outcome, message: error.message, again: new Date(nowOf(context).getTime() + AGAIN_MS) };
    log.warn('a template was not accepted', {
      injector: injector.metadata.name,
      revision,
      outcome,
      reason: error.message,
    });
    return {};
  }
  delete memory.trial;
  const record = controllerRevision(injector, operator.namespace);
  const stored = await create(client, CONTROLLER_REVISIONS, record, { signal }).catch((error: unknown) => {
    // Another leader recorded it a moment ago.
    if (isAlreadyExists(error)) return record;
    throw error;
  });
  log.info('a template was accepted', { injector: injector.metadata.name, revision });
  return { revisions: withObject(revisions, stored) };
}
