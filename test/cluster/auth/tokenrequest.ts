/** POST serviceaccounts/NAME/token (pkg/registry/core/serviceaccount/storage/token.go). */
import { badRequest, conflict, invalid, notFound } from '../status.ts';
import type { FieldError, JsonObject, KubeObject, ObjectStore, Subresource } from '../types.ts';
import { authenticatorOf } from './authenticator.ts';
import { ISSUER } from './tokens.ts';
import type { BoundObjects } from './tokens.ts';

const GROUP = 'authentication.k8s.io';
const KIND = 'TokenRequest';

interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  uid?: string;
}

function bind(store: ObjectStore, reference: ObjectReference, account: KubeObject): BoundObjects {
  const { apiVersion = '', kind = '', name = '', uid } = reference;
  const plural = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }[kind];
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  if (plural === undefined || group !== '')
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  const namespace = account.metadata.namespace;
  const found = store.get(plural, kind === 'Node' ? undefined : namespace, name);
  if (found === undefined) throw notFound({ group: '', plural }, name);
  const spec = found['spec'] as { serviceAccountName?: string; nodeName?: string } | undefined;
  if (kind === 'Pod' && spec?.serviceAccountName !== account.metadata.name)
    throw badRequest(
      `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`,
    );
  if (uid && uid !== found.metadata.uid)
    throw conflict(
      { group: '', plural: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  const bound = { name, uid: found.metadata.uid ?? '' };
  if (kind !== 'Pod') return kind === 'Secret' ? { secret: bound } : { node: bound };
  const node = spec?.nodeName ? store.get('nodes', undefined, spec.nodeName) : undefined;
  return { pod: bound, ...(node ? { node: { name: node.metadata.name, uid: node.metadata.uid ?? '' } } : {}) };
}

function validate(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < 600)
    return [{ type: 'Invalid', field, value: seconds, detail: 'may not specify a duration less than 10 minutes' }];
  if (seconds > 2 ** 32)
    return [{ type: 'Invalid', field, value: seconds, detail: 'may not specify a duration larger than 2^32 seconds' }];
  return [];
}

/** The `token` subresource of service accounts. */
export const tokenSubresource: Subresource = {
  group: GROUP,
  version: 'v1',
  kind: KIND,
  verbs: ['create'],
  async handle({ object: account, body, context }) {
    const { metadata } = account;
    const given: Partial<KubeObject['metadata']> = body?.metadata ?? {};
    for (const key of ['name', 'namespace'] as const)
      if (given[key] && given[key] !== metadata[key]) {
        const detail = `must match the service account ${key} if specified`;
        throw invalid({ group: GROUP, kind: KIND }, metadata.name, [
          { type: 'Invalid', field: `metadata.${key}`, value: given[key], detail },
        ]);
      }
    if (given.uid && given.uid !== metadata.uid)
      throw conflict(
        { group: GROUP, plural: KIND },
        metadata.name,
        `the UID in the token request (${given.uid}) does not match the UID of the service account (${metadata.uid ?? ''})`,
      );
    const spec = (body?.['spec'] ?? {}) as JsonObject;
    const audiences = (spec['audiences'] as string[] | undefined)?.length ? (spec['audiences'] as string[]) : [ISSUER];
    const seconds = (spec['expirationSeconds'] as number | undefined) ?? 3600;
    const errors = validate(seconds);
    if (errors.length > 0) throw invalid({ group: GROUP, kind: KIND }, '', errors);
    const reference: ObjectReference | null = spec['boundObjectRef'] ?? null;
    const bound = reference ? bind(context.store, reference, account) : {};
    const token = authenticatorOf(context.store).serviceAccountTokens.issue(
      account,
      audiences,
      seconds,
      bound,
      context.now,
    );
    const time = (instant: number): string => new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
    const created = {
      kind: KIND,
      apiVersion: `${GROUP}/v1`,
      metadata: {
        ...given,
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        creationTimestamp: time(context.now.getTime()),
      },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: reference },
      status: { token, expirationTimestamp: time(context.now.getTime() + seconds * 1000) },
    };
    return { status: 201, body: created };
  },
};
