/** Who makes a request: client certificate, bearer token, or nobody (apiserver/pkg/authentication/request). */
import { X509Certificate, createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { unauthorized } from '../status.ts';
import type { ObjectStore, User } from '../types.ts';
import { ISSUER, ServiceAccountTokens } from './tokens.ts';
import { ANONYMOUS, CREDENTIAL_ID, authenticated } from './users.ts';

export interface Authenticator {
  /**
   * @param peer the client's certificate in DER, when it sent one.
   * @throws StatusError 401 for credentials that are wrong; without any, the user is system:anonymous.
   */
  authenticate(headers: IncomingHttpHeaders, peer: Buffer | undefined): User;
  /** TokenReview: who a token is for one of the audiences (none: the API's own). */
  review(token: string, audiences: string[]): { user: User; audiences: string[] } | { error: string };
  serviceAccountTokens: ServiceAccountTokens;
}

export interface AuthenticatorOptions {
  store: ObjectStore;
  /** PEM of the authority that signs client certificates. */
  clientCA: string;
  /** Static bearer tokens and whom they stand for. */
  tokens: Record<string, User>;
  /** PEM of an EC P-256 key that signs service-account tokens; made anew when absent. */
  serviceAccountKey?: string;
}

const authenticators = new WeakMap<ObjectStore, Authenticator>();

/** The authenticator of the cluster that a storage belongs to, for resources that hand out and review tokens. */
export function authenticatorOf(store: ObjectStore): Authenticator {
  const known = authenticators.get(store);
  if (known === undefined) throw new Error('no authenticator was created for this storage');
  return known;
}

/** Values of one attribute in the subject that node:crypto prints, a line for each: `CN=...`. */
function subjectValues(subject: string, attribute: string): string[] {
  const values = subject.split('\n').flatMap((line) => line.split(/(?<!\\) \+ /));
  return values
    .filter((each) => each.startsWith(`${attribute}=`))
    .map((each) => each.slice(attribute.length + 1).replaceAll(/\\(.)/g, '$1'));
}

/** authentication/request/x509: CN is the user, each O a group. Undefined when the cluster did not issue it. */
function certificateUser(der: Buffer, authority: X509Certificate, now: number): User | undefined {
  const certificate = new X509Certificate(der);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return undefined;
  if (Date.parse(certificate.validFrom) > now || Date.parse(certificate.validTo) < now) return undefined;
  if (certificate.keyUsage !== undefined && !certificate.keyUsage.includes('1.3.6.1.5.5.7.3.2')) return undefined;
  const [username] = subjectValues(certificate.subject, 'CN');
  if (!username) return undefined;
  const digest = createHash('sha256').update(der).digest('hex');
  return {
    username,
    groups: subjectValues(certificate.subject, 'O'),
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${digest}`] },
  };
}

export function createAuthenticator({
  store,
  clientCA,
  tokens,
  serviceAccountKey,
}: AuthenticatorOptions): Authenticator {
  const serviceAccountTokens = new ServiceAccountTokens(store, serviceAccountKey);
  const authority = new X509Certificate(clientCA);
  const review: Authenticator['review'] = (token, audiences) => {
    const accepted = audiences.length > 0 ? audiences : [ISSUER];
    const user = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
    if (user) return { user: authenticated(user), audiences: accepted };
    const answer = serviceAccountTokens.authenticate(token, accepted);
    return 'error' in answer ? answer : { ...answer, user: authenticated(answer.user) };
  };
  const authenticator: Authenticator = {
    review,
    serviceAccountTokens,
    authenticate(headers, peer) {
      const user = peer ? certificateUser(peer, authority, Date.now()) : undefined;
      if (user) return authenticated(user);
      const [scheme = '', token = ''] = (headers.authorization ?? '').trim().split(/ +/);
      if (scheme.toLowerCase() === 'bearer' && token !== '') {
        const answer = review(token, []);
        if ('error' in answer) throw unauthorized();
        return answer.user;
      }
      if (peer) throw unauthorized();
      return ANONYMOUS;
    },
  };
  authenticators.set(store, authenticator);
  return authenticator;
}
