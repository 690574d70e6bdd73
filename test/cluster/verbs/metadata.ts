/** Rules about metadata that hold for every resource (k8s.io/apiserver/pkg/registry/rest/meta.go, create.go, update.go). */
import { randomBytes, randomUUID } from 'node:crypto';
import { badRequest, failure } from '../status.ts';
import { timestamp } from '../storage/store.ts';
import { equal } from '../storage/json.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../types.ts';

// rand.String of k8s.io/apimachinery/pkg/util/rand: no vowels, and nothing that looks like one.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_GENERATED_NAME = 63;

/** k8s.io/apiserver/pkg/storage/names/generate.go */
export function generateName(prefix: string): string {
  const suffix = [...randomBytes(SUFFIX_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return prefix.slice(0, MAX_GENERATED_NAME - SUFFIX_LENGTH) + suffix;
}

/** rest.WipeObjectMetaSystemFields: what a creator says about these is ignored. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.creationTimestamp;
  delete meta.uid;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
}

/** rest.FillObjectMetaSystemFields, and the name where only a prefix is given. */
export function fillSystemFields(meta: ObjectMeta, now: Date): void {
  meta.creationTimestamp = timestamp(now);
  meta.uid = randomUUID();
  if (!meta.name && meta.generateName) meta.name = generateName(meta.generateName);
}

/** rest.EnsureObjectNamespaceMatchesRequestNamespace. @throws StatusError 400 */
export function matchNamespace(meta: ObjectMeta, namespace: string | undefined): void {
  if ((meta.namespace ?? '') === (namespace ?? '')) {
    if (meta.namespace === '') delete meta.namespace;
  } else if (!meta.namespace && namespace !== undefined) meta.namespace = namespace;
  else if (namespace === undefined) delete meta.namespace;
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** handlers/rest.go checkName: the object of a PUT or PATCH is the one of the URL. @throws StatusError 400 */
export function checkName(meta: ObjectMeta, name: string): void {
  if (!meta.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
}

/** The resource version as a number, 0 when absent. @throws StatusError 500, as the storage's versioner does */
export function versionOf(object: KubeObject): number {
  const text = object.metadata.resourceVersion;
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/v.test(text))
    throw failure(500, '', `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const DUPLICATES = '.metadata.ownerReferences contains duplicate entries';
const DUPLICATES_ADVICE =
  'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed';

/** handlers/rest.go dedupOwnerReferencesAndAddWarning: of equal references the first stays. */
export function dedupOwnerReferences(meta: ObjectMeta, warn: (text: string) => void, afterAdmission: boolean): void {
  const kept: OwnerReference[] = [];
  const duplicates: string[] = [];
  for (const reference of meta.ownerReferences ?? []) {
    if (kept.some((earlier) => equal(earlier, reference))) duplicates.push(reference.uid);
    else kept.push(reference);
  }
  if (duplicates.length === 0) return;
  meta.ownerReferences = kept;
  const when = afterAdmission ? ' after mutating admission happens' : '';
  warn(`${DUPLICATES}${when}; ${DUPLICATES_ADVICE}: ${duplicates.join(', ')}`);
}
