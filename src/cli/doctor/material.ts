/** The certificates that the checks look at: of Secrets, of webhook configurations, of handshakes. */
import { isIP } from 'node:net';
import type { X509Certificate } from 'node:crypto';
import { secretName, serviceDnsName, webhookPath } from '../../api/v1alpha1/names.ts';
import type { Secret } from '../../kube/objects.ts';
import { parseCertificates } from '../../pki/inspect.ts';
import type { Facts } from './facts.ts';
import { publishedUrl } from './operator.ts';

/** A value of a Secret as text; empty when it has none. */
export function textOf(secret: Secret, key: string): string {
  const { data = {} } = secret;
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : '';
}

export interface StoredMaterial {
  secret: Secret;
  chain: X509Certificate[];
  leaf: X509Certificate;
  anchors: X509Certificate[];
  keyPem: string;
}

const known = new WeakMap<Secret, Omit<StoredMaterial, 'secret'> | undefined>();

/** What the Secret of the injector holds; undefined when there is none, or no certificate in it. */
export function materialOf(facts: Facts, injector: string): StoredMaterial | undefined {
  const secret = secretOf(facts, injector);
  if (secret === undefined) return undefined;
  if (!known.has(secret)) known.set(secret, parse(secret));
  const parsed = known.get(secret);
  return parsed && { secret, ...parsed };
}

const indexes = new WeakMap<readonly Secret[], Map<string, Secret>>();

export function secretOf({ lists }: Facts, injector: string): Secret | undefined {
  const { items } = lists.secrets;
  let index = indexes.get(items);
  if (index === undefined) {
    index = new Map(items.map((secret) => [secret.metadata.name, secret]));
    indexes.set(items, index);
  }
  return index.get(secretName(injector));
}

function parse(secret: Secret): Omit<StoredMaterial, 'secret'> | undefined {
  const chain = parseCertificates(textOf(secret, 'tls.crt'));
  const leaf = chain?.[0];
  if (chain === undefined || leaf === undefined) return undefined;
  return { chain, leaf, anchors: parseCertificates(textOf(secret, 'ca.crt')) ?? [], keyPem: textOf(secret, 'tls.key') };
}

/** What the API server asks for in the handshake, and what the certificate must name. */
export function dialled(facts: Facts, injector: string): { dnsNames: string[]; ipAddresses: string[] } {
  const base = publishedUrl(facts);
  const dnsNames = [serviceDnsName(injector, facts.operatorNamespace)];
  if (base === undefined) return { dnsNames, ipAddresses: [] };
  const host = new URL(base + webhookPath(injector)).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? { dnsNames: [...dnsNames, host], ipAddresses: [] } : { dnsNames, ipAddresses: [host] };
}

export type Bundle =
  | { state: 'good'; anchors: X509Certificate[] }
  /** `why` follows "the caBundle". */
  | { state: 'bad'; why: string; evidence: string };

/** Reads a caBundle as the API server would, and says what was done to it when it cannot. */
export function readBundle(caBundle: string | undefined): Bundle {
  if (caBundle === undefined || caBundle === '') {
    return {
      state: 'bad',
      why: 'is empty: the API server would only trust a certificate of a public authority',
      evidence: '0 bytes',
    };
  }
  const once = Buffer.from(caBundle, 'base64').toString('utf8');
  const anchors = parseCertificates(once);
  if (anchors !== undefined) return { state: 'good', anchors };
  const evidence = `it begins with ${JSON.stringify(once.slice(0, 24).replaceAll(/[^\x20-\x7e]/g, '.'))}`;
  const twice = Buffer.from(once.trim(), 'base64').toString('utf8');
  if (parseCertificates(twice) !== undefined) {
    return { state: 'bad', why: 'was encoded in base64 twice', evidence };
  }
  if (/PRIVATE KEY/.test(once)) {
    return {
      state: 'bad',
      why: 'is a private key: it is public now, delete the Secret to have a new one',
      evidence: '',
    };
  }
  const why = once.includes('BEGIN CERTIFICATE')
    ? 'holds a certificate that cannot be read'
    : 'is not PEM: it was garbled';
  return { state: 'bad', why, evidence };
}
