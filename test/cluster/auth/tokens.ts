/** Service-account tokens: JSON web tokens signed by the cluster (pkg/serviceaccount/{jwt,claims}.go). */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { KubeObject, ObjectStore, User } from '../types.ts';
import { CREDENTIAL_ID, serviceAccountUser, serviceAccountUsername } from './users.ts';

/** Issuer, and the audience of tokens for the API itself. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';

interface Reference {
  name: string;
  uid: string;
}

export interface BoundObjects {
  pod?: Reference;
  secret?: Reference;
  node?: Reference;
}

interface Claims {
  aud: string[];
  exp: number;
  iat: number;
  nbf: number;
  iss: string;
  jti: string;
  sub: string;
  'kubernetes.io': { namespace: string; serviceaccount: Reference } & BoundObjects;
}

const MOST_REMEMBERED = 1000;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** Issues and checks the tokens of one cluster. */
export class ServiceAccountTokens {
  readonly #store: ObjectStore;
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  readonly #signed = new Map<string, Claims>();

  /** @param key PEM of an ECDSA P-256 key; made anew without one. */
  constructor(store: ObjectStore, key?: string) {
    this.#store = store;
    this.#key = key ? createPrivateKey(key) : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    this.#publicKey = createPublicKey(this.#key);
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(der).digest('base64url');
  }

  issue(account: KubeObject, audiences: string[], seconds: number, bound: BoundObjects, now: Date): string {
    const { name, namespace = '', uid = '' } = account.metadata;
    const instant = Math.floor(now.getTime() / 1000);
    const claims: Claims = {
      aud: audiences,
      exp: instant + seconds,
      iat: instant,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': { namespace, ...bound, serviceaccount: { name, uid } },
      nbf: instant,
      sub: serviceAccountUsername(namespace, name),
    };
    const signed = `${encode({ alg: 'ES256', kid: this.#keyId })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** The user of a token, or why it is refused. Tokens of deleted accounts, pods and secrets are refused. */
  authenticate(
    token: string,
    audiences: string[],
    now = new Date(),
  ): { user: User; audiences: string[] } | { error: string } {
    const claims = this.#verified(token);
    if (claims === undefined) return { error: 'invalid bearer token' };
    const common = claims.aud.filter((audience) => audiences.includes(audience));
    if (common.length === 0)
      return {
        error: `token audiences ["${claims.aud.join('" "')}"] is invalid for the target audiences ["${audiences.join('" "')}"]`,
      };
    if (claims.exp * 1000 < now.getTime()) return { error: 'service account token has expired' };
    const refusal = this.#gone(claims);
    if (refusal !== undefined) return { error: refusal };
    const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
    const extra = {
      [CREDENTIAL_ID]: [`JTI=${claims.jti}`],
      ...(pod
        ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }
        : {}),
      ...(node
        ? { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] }
        : {}),
    };
    return { user: serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid, extra), audiences: common };
  }

  /** What the cluster signed; undefined for anything else. Remembered: a client sends its token with every request. */
  #verified(token: string): Claims | undefined {
    const known = this.#signed.get(token);
    if (known !== undefined) return known;
    const [header = '', body = '', signature = ''] = token.split('.');
    const key = { key: this.#publicKey, dsaEncoding: 'ieee-p1363' as const };
    if (!verify('sha256', Buffer.from(`${header}.${body}`), key, Buffer.from(signature, 'base64url'))) return undefined;
    const claims = decode(body) as Claims;
    if (this.#signed.size >= MOST_REMEMBERED) this.#signed.clear();
    this.#signed.set(token, claims);
    return claims;
  }

  /** Why the objects the token is bound to no longer hold it. */
  #gone(claims: Claims): string | undefined {
    const { namespace, serviceaccount, pod, secret } = claims['kubernetes.io'];
    const account = this.#store.get('serviceaccounts', namespace, serviceaccount.name);
    if (account === undefined) return `serviceaccounts "${serviceaccount.name}" not found`;
    if (account.metadata.uid !== serviceaccount.uid)
      return `service account UID (${account.metadata.uid ?? ''}) does not match claim (${serviceaccount.uid})`;
    const bound = [
      ['pods', pod],
      ['secrets', secret],
    ] as const;
    for (const [plural, reference] of bound)
      if (reference && this.#store.get(plural, namespace, reference.name)?.metadata.uid !== reference.uid)
        return 'service account token has been invalidated';
    return undefined;
  }
}
