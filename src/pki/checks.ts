import type { X509Certificate } from 'node:crypto';
import {
  alternativeNamesOf,
  chainFailure,
  chainNotAfter,
  isForServers,
  keyMatches,
  validityFailure,
} from './inspect.ts';

/** What is known of a certificate that a signer handed out, before it may be served. */
export interface Candidate {
  /** Leaf first. */
  chain: readonly X509Certificate[];
  leaf: X509Certificate;
  keyPem: string;
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
  anchors: readonly X509Certificate[];
  now: Date;
  /** The least rest of life that is worth a promotion, in seconds. */
  minimumRemainingSeconds: number;
}

export interface Check {
  name: string;
  /** Why the candidate fails, in words that can follow "the certificate"; undefined when it passes. */
  failure(candidate: Candidate): string | undefined;
}

const MINIMUM_RSA_BITS = 2048;
const WEAK_DIGEST = /md5|sha1(?!\d)/i;

/**
 * The acceptance checks of reference/certs.md 3.5, in the order in which they are asked; the first failure decides. The API
 * server makes none of them: it stores whatever a signer wrote (1.1).
 */
export const ACCEPTANCE: readonly Check[] = [
  {
    name: 'LeafFirst',
    failure: ({ leaf }) => (leaf.ca ? 'is a certificate authority, not a serving certificate' : undefined),
  },
  {
    name: 'KeyMatches',
    failure: ({ leaf, keyPem }) => (keyMatches(leaf, keyPem) ? undefined : 'was issued for another key'),
  },
  {
    name: 'NamesCovered',
    failure: ({ leaf, dnsNames, ipAddresses }) => {
      const names = alternativeNamesOf(leaf);
      const missing = [
        ...dnsNames.filter((name) => !names.dnsNames.includes(name)),
        ...ipAddresses.filter((address) => leaf.checkIP(address) === undefined),
      ];
      return missing.length === 0 ? undefined : `does not name ${missing.join(', ')}`;
    },
  },
  {
    name: 'ServerUsage',
    failure: ({ leaf }) => (isForServers(leaf) ? undefined : 'lacks the extended key usage "server auth"'),
  },
  {
    name: 'StrongSignature',
    failure: ({ leaf }) => {
      const algorithm = leaf.signatureAlgorithm ?? '';
      return WEAK_DIGEST.test(algorithm) ? `is signed with the weak algorithm ${algorithm}` : undefined;
    },
  },
  {
    name: 'StrongKey',
    failure: ({ leaf }) => {
      const bits = leaf.publicKey.asymmetricKeyDetails?.modulusLength;
      return bits !== undefined && bits < MINIMUM_RSA_BITS ? `has an RSA key of only ${bits} bits` : undefined;
    },
  },
  { name: 'ValidNow', failure: ({ leaf, now }) => validityFailure(leaf, now) },
  {
    name: 'LivesLongEnough',
    failure: ({ chain, now, minimumRemainingSeconds }) => {
      const remaining = Math.floor((chainNotAfter(chain).getTime() - now.getTime()) / 1000);
      return remaining < minimumRemainingSeconds
        ? `would expire in ${remaining} s; at least ${minimumRemainingSeconds} s are needed`
        : undefined;
    },
  },
  {
    name: 'ChainVerifies',
    failure: ({ chain, anchors, now }) => {
      const failure = chainFailure(chain, anchors, now);
      return failure === undefined ? undefined : `does not verify against its trust anchors: ${failure}`;
    },
  },
];

/** The first check that fails, or undefined when the candidate may be served. */
export function firstFailure(
  checks: readonly Check[],
  candidate: Candidate,
): { check: string; message: string } | undefined {
  for (const check of checks) {
    const message = check.failure(candidate);
    if (message !== undefined) return { check: check.name, message };
  }
  return undefined;
}
