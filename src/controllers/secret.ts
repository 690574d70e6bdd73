/**
 * The Secret of an injector: the whole state of its serving identity in one object, so that key and certificate can never
 * be torn, and every change of state is one compare-and-swap (reference/certs.md 3.1).
 */
import { REQUEST_ANNOTATION, SIGNER_ANNOTATION, secretName } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { ownedLabels, ownedMetadata } from '../domain/plan-objects.ts';
import type { Secret } from '../kube/objects.ts';

/** All texts are PEM; an empty text is "none". */
export interface SecretState {
  /** Leaf first, then intermediates. */
  certificate: string;
  key: string;
  /** What verifies the certificate. */
  anchors: string;
  /** What verified the certificates before, as long as something may still serve them. */
  previousAnchors: string;
  /** The key that waits for its certificate; written before it is used anywhere else. */
  pendingKey: string;
  /** How many requests in a row came to nothing. */
  attempt: number;
  signerName: string;
  requestName: string;
}

const CERTIFICATE = 'tls.crt';
const KEY = 'tls.key';
const ANCHORS = 'ca.crt';
const PREVIOUS_ANCHORS = 'previous.ca.crt';
const PENDING_KEY = 'pending.key';
const ATTEMPT_ANNOTATION = 'sidecarinjector.dev/attempt';

export const NO_STATE: SecretState = {
  certificate: '',
  key: '',
  anchors: '',
  previousAnchors: '',
  pendingKey: '',
  attempt: 0,
  signerName: '',
  requestName: '',
};

function text(secret: Secret, key: string): string {
  const data = secret.data ?? {};
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : '';
}

export function readState(secret: Secret): SecretState {
  const annotations = secret.metadata.annotations ?? {};
  const attempt = Number(annotations[ATTEMPT_ANNOTATION] ?? 0);
  return {
    certificate: text(secret, CERTIFICATE),
    key: text(secret, KEY),
    anchors: text(secret, ANCHORS),
    previousAnchors: text(secret, PREVIOUS_ANCHORS),
    pendingKey: text(secret, PENDING_KEY),
    attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 0,
    signerName: annotations[SIGNER_ANNOTATION] ?? '',
    requestName: annotations[REQUEST_ANNOTATION] ?? '',
  };
}

/** Does the Secret carry what replicas and the garbage collector know it by? */
export function isMarked(secret: Secret, injector: SidecarInjector): boolean {
  const { labels = {}, ownerReferences = [] } = secret.metadata;
  const wanted = Object.entries(ownedLabels(injector.metadata.name));
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    ownerReferences.some(({ uid }) => uid === injector.metadata.uid)
  );
}

/**
 * The Secret that holds the state. What others added to the stored one is kept, and so is its resourceVersion: writing it
 * fails when somebody else was faster.
 */
export function writeState(
  injector: SidecarInjector,
  namespace: string,
  state: SecretState,
  stored: Secret | undefined,
): Secret {
  const owned = ownedMetadata(injector, secretName(injector.metadata.name), namespace);
  const data: Record<string, string> = { ...stored?.data };
  const put = (key: string, value: string, always = false): void => {
    if (value !== '' || always) data[key] = Buffer.from(value).toString('base64');
    else delete data[key];
  };
  // The type kubernetes.io/tls demands both, be they empty (pkg/apis/core/validation ValidateSecret).
  put(CERTIFICATE, state.certificate, true);
  put(KEY, state.key, true);
  put(ANCHORS, state.anchors);
  put(PREVIOUS_ANCHORS, state.previousAnchors);
  put(PENDING_KEY, state.pendingKey);
  const foreignOwners = (stored?.metadata.ownerReferences ?? []).filter(
    ({ uid, controller }) => controller !== true && !owned.ownerReferences.some((owner) => owner.uid === uid),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    ...stored,
    metadata: {
      ...stored?.metadata,
      ...owned,
      namespace,
      labels: { ...stored?.metadata.labels, ...owned.labels },
      ownerReferences: [...owned.ownerReferences, ...foreignOwners],
      annotations: {
        ...stored?.metadata.annotations,
        [SIGNER_ANNOTATION]: state.signerName,
        [REQUEST_ANNOTATION]: state.requestName,
        [ATTEMPT_ANNOTATION]: String(state.attempt),
      },
    },
    type: stored?.type ?? 'kubernetes.io/tls',
    data,
  };
}
