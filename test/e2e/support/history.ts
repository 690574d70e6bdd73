/**
 * Every version of the Secrets, webhook configurations and requests of the operator, in the order in which they were written,
 * and what must hold of each of them (reference/certs.md 3.3, I1 to I7).
 */

import { createPublicKey, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { INJECTOR_LABEL } from '../../../src/api/v1alpha1/names.ts';
import { readState, type SecretState } from '../../../src/controllers/secret.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { CertificateSigningRequest, KubeObject, Secret } from '../../../src/kube/objects.ts';
import { RESOURCES, resourcePath, type ResourceRef } from '../../../src/kube/resources.ts';
import { watchEvents } from '../../../src/kube/stream.ts';
import { list } from '../../../src/kube/verbs.ts';
import { chainFailure, keyMatches, parseCertificates } from '../../../src/pki/inspect.ts';
import { bundlesOf } from './certificates.ts';
import { OPERATOR_NAMESPACE } from './installation.ts';

export interface Version {
  /** Of etcd, or of the in-memory store: it orders the versions of all resources. */
  readonly revision: number;
  readonly deleted: boolean;
  readonly object: KubeObject;
}

export interface History {
  /** In the order of their writing, from the beginning. */
  readonly versions: readonly Version[];
  stop(): Promise<void>;
}

const WATCHED: readonly [resource: ResourceRef, namespace?: string][] = [
  [RESOURCES.secrets, OPERATOR_NAMESPACE],
  [RESOURCES.mutatingWebhookConfigurations],
  [RESOURCES.certificateSigningRequests],
];

/** Watches from now on. */
export const startHistory = async (client: KubeClient): Promise<History> => {
  const ending = new AbortController();
  const { signal } = ending;
  const versions: Version[] = [];
  const follow = async (resource: ResourceRef, namespace: string | undefined, from: string): Promise<void> => {
    for (let resourceVersion = from; !signal.aborted;) {
      const path = resourcePath(resource, { namespace });
      const stream = await client.stream({ path, query: { watch: true, resourceVersion }, signal });
      for await (const { type, object } of watchEvents<KubeObject>(stream, { resource: resource.plural })) {
        if (type === 'ERROR' || !('metadata' in object)) throw new Error(`a version of ${resource.plural} was missed`);
        const { metadata } = object;
        resourceVersion = metadata.resourceVersion ?? '';
        if (type === 'BOOKMARK') continue;
        versions.push({ revision: Number(resourceVersion), deleted: type === 'DELETED', object });
      }
    }
  };
  const begin = async ([resource, namespace]: (typeof WATCHED)[number]): Promise<() => Promise<void>> => {
    const { resourceVersion } = await list(client, resource, { namespace });
    const following = follow(resource, namespace, resourceVersion).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return () => following;
  };
  const ends = await Promise.all(WATCHED.map(begin));
  return {
    get versions() {
      return versions.toSorted((one, other) => one.revision - other.revision);
    },
    async stop() {
      ending.abort();
      await Promise.all(ends.map((end) => end()));
    },
  };
};

/** What may follow a phase of a rollover. */
const NEXT_PHASES: Record<string, readonly string[]> = {
  Stable: ['Stable', 'Staged'],
  Staged: ['Staged', 'Canary', 'Stable', 'Promoted'],
  Canary: ['Canary', 'Staged', 'Promoted'],
  Promoted: ['Promoted', 'Narrowing', 'Staged'],
  Narrowing: ['Narrowing', 'Stable', 'Staged'],
};

/** What is known of an injector at one moment. */
interface Known {
  uid: string;
  state: SecretState | undefined;
  /** Texts of certificates that some replica may serve. */
  served: Set<string>;
  bundles: string[];
  requests: Set<string>;
  /** Public halves of the keys that were ever stored to wait for their certificate. */
  asked: Set<string>;
}

/** A version in a line, for people who look for what went wrong. */
export const describeVersion = ({ revision, deleted, object }: Version): string => {
  const { name, uid } = object.metadata;
  const what = `${revision} ${deleted ? 'deleted' : 'stored'} ${object.kind} ${name} (${uid})`;
  if (object.kind !== 'Secret') return what;
  const { rollover, pendingKey, certificate } = readState(object);
  return `${what} ${rollover.phase} ${rollover.seq}${pendingKey && ' pending'}${certificate && ' certificate'}`;
};

/** What did not hold since a revision, in words; with the revision of the version at which it did not. */
export const violations = (versions: readonly Version[], since = 0): string[] => {
  const injectors = new Map<string, Known>();
  const found: string[] = [];
  for (const version of versions) {
    const { object, revision } = version;
    const injector = object.metadata.labels?.[INJECTOR_LABEL];
    if (injector === undefined) continue;
    const nothing: Known = {
      uid: '',
      state: undefined,
      served: new Set(),
      bundles: [],
      requests: new Set(),
      asked: new Set(),
    };
    const known = injectors.get(injector) ?? nothing;
    injectors.set(injector, known);
    for (const what of judge(known, version)) {
      if (revision > since) found.push(`${revision}: ${injector}: ${object.kind}: ${what}`);
    }
  }
  return found;
};

const judge = (known: Known, { object, deleted }: Version): string[] => {
  switch (object.kind) {
    case 'Secret':
      return deleted ? forget(known) : judgeSecret(known, object);
    case 'MutatingWebhookConfiguration':
      known.bundles = deleted ? [] : bundlesOf(object);
      return known.bundles.flatMap((bundle) => judgeBundle(known, bundle));
    default:
      return judgeRequest(known, object as CertificateSigningRequest, deleted);
  }
};

const forget = (known: Known): string[] => {
  known.state = undefined;
  known.served.clear();
  return [];
};

const judgeSecret = (known: Known, secret: Secret): string[] => {
  const found: string[] = [];
  const before = known.uid === secret.metadata.uid ? known.state : undefined;
  const state = readState(secret);
  known.uid = secret.metadata.uid ?? '';
  known.state = state;
  if (state.pendingKey !== '') known.asked.add(publicHalf(createPublicKey(state.pendingKey)));
  const { phase, seq } = state.rollover;
  if (before !== undefined) {
    if (seq < before.rollover.seq) found.push(`seq goes back from ${before.rollover.seq} to ${seq}`);
    if (NEXT_PHASES[before.rollover.phase]?.includes(phase) !== true)
      found.push(`${phase} follows ${before.rollover.phase}`);
  }
  for (const { certificate, key } of state.next === undefined ? [state] : [state, state.next]) {
    const leaf = parseCertificates(certificate)?.[0];
    if (certificate !== '' && (leaf === undefined || !keyMatches(leaf, key)))
      found.push('key and certificate are torn');
  }
  // Old certificates are served by nobody any more once their trust may go.
  if (phase === 'Narrowing' || phase === 'Stable') known.served.clear();
  if (state.certificate !== '') known.served.add(state.certificate);
  if (phase === 'Canary' && state.next !== undefined) known.served.add(state.next.certificate);
  return [...found, ...known.bundles.flatMap((bundle) => judgeBundle(known, bundle))];
};

/** Trust comes before what needs it, and goes after it. */
const judgeBundle = ({ served }: Known, bundle: string): string[] => {
  const anchors = parseCertificates(bundle) ?? [];
  const size = anchors.length > 3 ? [`${anchors.length} authorities are trusted`] : [];
  const untrusted = [...served].flatMap((certificate) => {
    const failure = chainFailure(parseCertificates(certificate) ?? [], anchors, new Date());
    return failure === undefined ? [] : [`what may be served is not trusted: ${failure}`];
  });
  return [...size, ...untrusted];
};

const judgeRequest = (known: Known, { metadata, spec }: CertificateSigningRequest, deleted: boolean): string[] => {
  if (deleted) {
    known.requests.delete(metadata.name);
    return [];
  }
  if (known.requests.has(metadata.name)) return [];
  known.requests.add(metadata.name);
  const found = known.requests.size > 1 ? [`${known.requests.size} requests at a time`] : [];
  const pem = Buffer.from(spec.request, 'base64').toString('utf8');
  const { publicKey } = forge.pki.certificationRequestFromPem(pem);
  // Its Secret may be gone by now: with its injector, by the garbage collector.
  const stored =
    publicKey !== null && known.asked.has(publicHalf(createPublicKey(forge.pki.publicKeyToPem(publicKey))));
  return stored ? found : [...found, 'its key was not stored before'];
};

const publicHalf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
