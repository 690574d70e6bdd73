/**
 * Requests that others make under the operator's own signer. Nobody but the operator has a use for its certificates: what it
 * did not make is denied, with the reason, before a hasty hand approves it. (Approved or not, it is never signed.)
 */
import { SIGNER_OWN } from '../../api/v1alpha1/names.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ResourceCache } from '../../kube/cache.ts';
import { isConflict, isNotFound } from '../../kube/errors.ts';
import type { CertificateSigningRequest } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { replace } from '../../kube/verbs.ts';
import type { Logger } from '../../observe/log.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface StrangersOptions {
  client: KubeClient;
  requests: ResourceCache<CertificateSigningRequest>;
  /** Who this operator is to the API server. */
  username: (signal: AbortSignal) => Promise<string>;
  clock: Clock;
  log: Logger;
}

/** Is it somebody else's request to our signer, and undecided? */
export function isStranger({ spec, status }: CertificateSigningRequest, username: string): boolean {
  const decided = (status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
  return spec.signerName === SIGNER_OWN && spec.username !== username && !decided;
}

/** Denies what others ask of our signer, from now on. Returns the function that ends it. */
export function denyStrangers(options: StrangersOptions, signal: AbortSignal): () => void {
  const { requests, log } = options;
  return requests.onChange(({ type, object }) => {
    if (type === 'deleted' || signal.aborted) return;
    deny(options, object, signal).catch((error: unknown) => {
      // Whoever else decided it, or took it away, has done the work.
      if (signal.aborted || isConflict(error) || isNotFound(error)) return;
      log.warn('a request of somebody else could not be denied', { request: object.metadata.name, error });
    });
  });
}

async function deny(
  { client, username, clock, log }: StrangersOptions,
  request: CertificateSigningRequest,
  signal: AbortSignal,
): Promise<void> {
  if (!isStranger(request, await username(signal))) return;
  const time = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const message = `The signer ${SIGNER_OWN} serves only the operator; this request was made by ${request.spec.username ?? 'somebody else'}.`;
  const denial = { type: 'Denied', status: 'True' as const, reason: 'NotTheOperator', message, lastUpdateTime: time };
  const conditions = [...(request.status?.conditions ?? []), denial];
  const denied: CertificateSigningRequest = { ...request, status: { ...request.status, conditions } };
  await replace(client, RESOURCES.certificateSigningRequests, denied, { subresource: 'approval', signal });
  log.warn('denied a request that somebody else made', {
    request: request.metadata.name,
    username: request.spec.username,
  });
}
