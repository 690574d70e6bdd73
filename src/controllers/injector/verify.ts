/** Proof that injection works: a pod sent through the API server as a dry run must come back with the sidecar (DESIGN 5). */
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { patienceMs, wantsFail } from '../../domain/demotion.ts';
import { diagnose } from '../../domain/diagnosis.ts';
import { inject } from '../../domain/inject.ts';
import { probePod } from '../../domain/render.ts';
import { templateRevision } from '../../domain/revision.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create } from '../../kube/verbs.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';

const WHILE_IT_HOLDS_MS = 600_000;
/** Where pods are refused as soon as nobody answers. */
const WHILE_FAIL_HOLDS_MS = 60_000;
const WHILE_IT_FAILS_MS = 60_000;
const WHILE_PODS_SUFFER_MS = 10_000;
/** So long after a change a failure is no news. */
const EARLY_MS = 2000;
/** API servers learn of a new configuration by a watch: within 20 ms as measured, so the first probes are quick. */
const FIRST_RETRY_MS = 50;

/** Sends a probe pod and remembers what came of it, and when to send the next. */
export async function probe(
  context: InjectorContext,
  injector: SidecarInjector,
  of: string,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const before = memory.probe;
  if (before?.of !== of) memory.probeFailures = 0;
  const begun = nowOf(context);
  const failure = await sendProbe(context, injector, signal);
  const at = nowOf(context);
  const succeeded = failure === undefined;
  const failingSince = succeeded || !isOfCall(failure) ? undefined : (before?.failingSince ?? begun);
  const holds = wantsFail(injector) ? WHILE_FAIL_HOLDS_MS : WHILE_IT_HOLDS_MS;
  const wait = succeeded ? holds : pause(context, injector, memory.probeFailures, failingSince, at);
  memory.probeFailures = succeeded ? 0 : memory.probeFailures + 1;
  const firstAt = before?.of === of ? (memory.firstProbe ?? begun) : begun;
  memory.firstProbe = firstAt;
  const early = !succeeded && at.getTime() - firstAt.getTime() < EARLY_MS;
  const message =
    failure ?? `a probe pod came back from the API server with revision ${revisionInForce(context, injector)}`;
  memory.proven ||= succeeded;
  const first = !memory.proven;
  memory.probe = { of, succeeded, message, at, again: new Date(at.getTime() + wait), failingSince, early, first };
  if (!succeeded && !early)
    context.metrics.count('step_failures_total', { injector: injector.metadata.name, step: 'probe' });
  if (before?.succeeded !== succeeded || before.message !== message || before.early !== early) {
    const fields = { injector: injector.metadata.name, succeeded, detail: message };
    if (succeeded) context.log.info('injection is verified', fields);
    else if (early) context.log.debug('injection does not work yet', fields);
    else context.log.warn('injection does not work', fields);
  }
}

/** An API server tried to call us, and could not. */
function isOfCall(failure: string): boolean {
  return failure.includes('failed calling webhook') && diagnose(failure)?.id !== 'OtherWebhook';
}

/** Milliseconds until the next probe after one that failed. */
function pause(
  { timing }: InjectorContext,
  injector: SidecarInjector,
  failures: number,
  failingSince: Date | undefined,
  at: Date,
): number {
  const backoff = Math.min(FIRST_RETRY_MS * 2 ** failures, WHILE_IT_FAILS_MS);
  if (failingSince === undefined || !wantsFail(injector)) return backoff;
  // While pods are refused, or unprotected, it matters to know soon.
  const left = failingSince.getTime() + patienceMs(timing) - at.getTime();
  return Math.min(backoff, left > 0 ? left : WHILE_PODS_SUFFER_MS);
}

function revisionInForce({ serving }: InjectorContext, injector: SidecarInjector): string {
  const inForce = serving.injector(injector.metadata.name);
  return inForce === undefined ? 'none' : templateRevision(inForce);
}

/** Why the probe failed; undefined when the pod has all that the template in force adds. */
async function sendProbe(
  { client, serving }: InjectorContext,
  injector: SidecarInjector,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name } = injector.metadata;
  const inForce = serving.injector(name);
  if (inForce === undefined) return 'this replica has not read the accepted template yet';
  try {
    const pod = await create(client, RESOURCES.pods, probePod(name) as unknown as KubeObject, { dryRun: true, signal });
    const { operations, conflicts } = inject(pod as unknown as JsonObject, inForce);
    const conflict = conflicts[0];
    if (conflict !== undefined) return `the probe pod came back with a conflict: ${conflict.text}`;
    return operations.length === 0
      ? undefined
      : 'the probe pod came back without the sidecar: the API server did not call the webhook';
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}
