/** What goes wrong between the operator and the API servers, through the in-memory cluster's own door for it. */
import type { Fault } from '../cluster/faults.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../e2e/support/installation.ts';
import type { Bed } from './bed.ts';

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;

/** Has this share of the operator's calls go wrong, in four ways, until the cluster ends. */
export const disturb = async ({ environment, options }: Bed): Promise<void> => {
  const kinds: Fault[] = [
    { status: 429, retryAfterSeconds: 1 },
    { status: 500 },
    { loseResponse: true },
    // Only what writes an object can meet a newer one.
    { verb: 'update', status: 409 },
    { verb: 'patch', status: 409 },
  ];
  // 409 hits writes alone, which are a minority.
  const share = options.faults / 4;
  for (const kind of kinds) {
    await environment.client.request({ method: 'POST', path: '/faults', body: { ...kind, share, user: OPERATOR } });
  }
};

/** Everything goes well again. */
export const calm = async ({ environment }: Bed): Promise<void> => {
  await environment.client.request({ method: 'DELETE', path: '/faults' });
};
