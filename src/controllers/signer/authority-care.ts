/** The operator's authority is there and in order, also when nobody asks for a certificate: whoever deletes it is noticed at once. */
import { SIGNER_OWN } from '../../api/v1alpha1/names.ts';
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import type { ResourceCache } from '../../kube/cache.ts';
import { isAlreadyExists, isConflict } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import type { Logger } from '../../observe/log.ts';
import type { Caches } from '../caches.ts';
import { AUTHORITY_SECRET, ensureAuthority } from '../injector/authority.ts';
import type { InjectorContext } from '../injector/context.ts';
import { recordEvent } from '../injector/events.ts';

export type CareOptions = Pick<InjectorContext, 'client' | 'operator' | 'clock' | 'events' | 'skewMs'> & {
  /** The Secret of the authority, metadata alone. */
  secret: ResourceCache<Secret>;
  caches: Pick<Caches, 'injectors'>;
  log: Logger;
};

const TRY_AGAIN_MS = 1000;

/** Looks at the authority whenever its Secret changes. Returns the function that ends it. */
export function careForAuthority(options: CareOptions, signal: AbortSignal): () => void {
  const { secret, log, clock } = options;
  let last = Promise.resolve();
  let cancel = (): void => undefined;
  const look = (): void => {
    last = last
      .then(() => repair(options, signal))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        if (!isConflict(error) && !isAlreadyExists(error)) log.warn('the authority could not be looked at', { error });
        cancel = clock.at(clock.now() + TRY_AGAIN_MS, look);
      });
  };
  const stop = secret.onChange(look);
  return () => {
    stop();
    cancel();
  };
}

async function repair(options: CareOptions, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let found: string | undefined;
  await ensureAuthority(options, signal, '', (why) => {
    found = why;
  });
  if (found === undefined) return;
  for (const injector of options.caches.injectors.list()) {
    if (certificateOf(injector).signerName !== SIGNER_OWN) continue;
    recordEvent(options, injector, {
      type: 'Warning',
      reason: 'AuthorityReplaced',
      action: 'Repair',
      note: `a new certificate authority was made in Secret ${AUTHORITY_SECRET}: ${found}; certificates go over to it as they are renewed`,
    });
  }
}
