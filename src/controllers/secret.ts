/**
 * The Secret of an injector: the whole state of its serving identity in one object, so that key and certificate can never
 * be torn, and every change of state is one compare-and-swap (reference/certs.md 3.1).
 */
import { REQUEST_ANNOTATION, SIGNER_ANNOTATION, secretName } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { STABLE, STORED_PHASES, type RolloverState, type StoredPhase } from '../domain/rollover.ts';
import { ownedLabels, ownedMetadata } from '../domain/plan-objects.ts';
import type { Secret } from '../kube/objects.ts';

/** A certificate that can be served. All texts are PEM; an empty text is "none". */
export interface StoredIdentity {
  /** Leaf first, then intermediates. */
  certificate: string;
  key: string;
  /** What verifies the certificate. */
  anchors: string;
  signerName: string;
  requestName: string;
  /** When it was received: serial number and time (issuedNow). Not of a certificate that a hand put here. */
  issued?: string;
}

/** The identity that is served, and what is about to become of it. */
export interface SecretState extends StoredIdentity {
  /** What verified the certificates before, as long as something may still serve them. */
  previousAnchors: string;
  /** The key that waits for its certificate; written before it is used anywhere else. */
  pendingKey: string;
  /** The wish for a rotation that the pending key was made for; one that is made meanwhile takes another. */
  pendingWish: string;
  /** How many requests in a row came to nothing. */
  attempt: number;
  /** What is served next, under anchors of its own. */
  next: StoredIdentity | undefined;
  rollover: RolloverState;
  /** The wish for a rotation that was fulfilled last. */
  rotated: string;
}

const CERTIFICATE = 'tls.crt';
const KEY = 'tls.key';
const ANCHORS = 'ca.crt';
const PREVIOUS_ANCHORS = 'previous.ca.crt';
const PENDING_KEY = 'pending.key';
const NEXT = 'next.';
const ATTEMPT_ANNOTATION = 'sidecarinjector.dev/attempt';
const ROLLOVER_ANNOTATION = 'sidecarinjector.dev/rollover';
const NEXT_SIGNER_ANNOTATION = 'sidecarinjector.dev/next-signer';
const NEXT_REQUEST_ANNOTATION = 'sidecarinjector.dev/next-request';
const ISSUED_ANNOTATION = 'sidecarinjector.dev/issued';
const NEXT_ISSUED_ANNOTATION = 'sidecarinjector.dev/next-issued';
const ROTATED_ANNOTATION = 'sidecarinjector.dev/rotated';
const PENDING_WISH_ANNOTATION = 'sidecarinjector.dev/pending-rotation';

export const NO_STATE: SecretState = {
  certificate: '',
  key: '',
  anchors: '',
  previousAnchors: '',
  pendingKey: '',
  pendingWish: '',
  attempt: 0,
  signerName: '',
  requestName: '',
  next: undefined,
  rollover: STABLE,
  rotated: '',
};

/** What to keep of the moment at which a certificate was received. */
export function issuedNow(serialNumber: string, now: Date): string {
  return `${serialNumber} ${now.toISOString()}`;
}

/** When the certificate of this serial number was received, as far as that is known. */
export function issuedAt({ issued = '' }: StoredIdentity, serialNumber: string): Date | undefined {
  const [serial, time = ''] = issued.split(' ');
  const date = new Date(time);
  return serial === serialNumber && !Number.isNaN(date.getTime()) ? date : undefined;
}

function text(secret: Secret, key: string): string {
  const data = secret.data ?? {};
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : '';
}

export function readState(secret: Secret): SecretState {
  const annotations = secret.metadata.annotations ?? {};
  const attempt = Number(annotations[ATTEMPT_ANNOTATION] ?? 0);
  const previousAnchors = text(secret, PREVIOUS_ANCHORS);
  const next = {
    certificate: text(secret, NEXT + CERTIFICATE),
    key: text(secret, NEXT + KEY),
    anchors: text(secret, NEXT + ANCHORS),
    signerName: annotations[NEXT_SIGNER_ANNOTATION] ?? '',
    requestName: annotations[NEXT_REQUEST_ANNOTATION] ?? '',
    issued: annotations[NEXT_ISSUED_ANNOTATION] ?? '',
  };
  const hasNext = next.certificate !== '';
  return {
    certificate: text(secret, CERTIFICATE),
    key: text(secret, KEY),
    anchors: text(secret, ANCHORS),
    previousAnchors,
    pendingKey: text(secret, PENDING_KEY),
    pendingWish: annotations[PENDING_WISH_ANNOTATION] ?? '',
    attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 0,
    signerName: annotations[SIGNER_ANNOTATION] ?? '',
    requestName: annotations[REQUEST_ANNOTATION] ?? '',
    issued: annotations[ISSUED_ANNOTATION] ?? '',
    next: hasNext ? next : undefined,
    rollover: readRollover(annotations[ROLLOVER_ANNOTATION], hasNext, previousAnchors !== ''),
    rotated: annotations[ROTATED_ANNOTATION] ?? '',
  };
}

/**
 * The phase that fits what is there: a Secret of an older version says nothing of it, and a hand may have changed it. What
 * is there and is not spoken of is kept and trusted until the protocol has dealt with it.
 */
function readRollover(said: string | undefined, hasNext: boolean, hasPrevious: boolean): RolloverState {
  const { phase, seq, reverts, canary } = parseRollover(said);
  const fitting: StoredPhase[] = hasNext ? ['Staged', 'Canary'] : hasPrevious ? ['Promoted', 'Narrowing'] : ['Stable'];
  const [first = 'Stable'] = fitting;
  const fits = fitting.includes(phase);
  return { phase: fits ? phase : first, seq, reverts, ...(fits && phase === 'Canary' && { canary }) };
}

function parseRollover(said = ''): RolloverState {
  const [phase = '', seq, reverts, ...canary] = said.split(' ');
  const count = (word: string | undefined): number => (/^\d{1,15}$/.test(word ?? '') ? Number(word) : 0);
  return {
    phase: STORED_PHASES.find((known) => known === phase) ?? 'Stable',
    seq: count(seq),
    reverts: count(reverts),
    canary: canary.join(' '),
  };
}

function writeRollover({ phase, seq, reverts, canary = '' }: RolloverState): string {
  return [phase, seq, reverts, canary].join(' ').trimEnd();
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
  put(NEXT + CERTIFICATE, state.next?.certificate ?? '');
  put(NEXT + KEY, state.next?.key ?? '');
  put(NEXT + ANCHORS, state.next?.anchors ?? '');
  const {
    [NEXT_SIGNER_ANNOTATION]: _signer,
    [NEXT_REQUEST_ANNOTATION]: _request,
    [ISSUED_ANNOTATION]: _issued,
    [NEXT_ISSUED_ANNOTATION]: _nextIssued,
    [ROTATED_ANNOTATION]: _rotated,
    [PENDING_WISH_ANNOTATION]: _pendingWish,
    ...foreign
  } = stored?.metadata.annotations ?? {};
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
        ...foreign,
        [SIGNER_ANNOTATION]: state.signerName,
        [REQUEST_ANNOTATION]: state.requestName,
        [ATTEMPT_ANNOTATION]: String(state.attempt),
        [ROLLOVER_ANNOTATION]: writeRollover(state.rollover),
        ...(state.issued && { [ISSUED_ANNOTATION]: state.issued }),
        ...(state.next?.issued && { [NEXT_ISSUED_ANNOTATION]: state.next.issued }),
        ...(state.next !== undefined && {
          [NEXT_SIGNER_ANNOTATION]: state.next.signerName,
          [NEXT_REQUEST_ANNOTATION]: state.next.requestName,
        }),
        ...(state.rotated !== '' && { [ROTATED_ANNOTATION]: state.rotated }),
        ...(state.pendingWish !== '' && { [PENDING_WISH_ANNOTATION]: state.pendingWish }),
      },
    },
    type: stored?.type ?? 'kubernetes.io/tls',
    data,
  };
}
