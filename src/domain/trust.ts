/** What the API server is told to trust: a pure function of the Secret, never of what is published now (DESIGN 3). */

/** One trust anchor. */
export interface Anchor {
  /** One PEM block, LF. */
  pem: string;
  /** SHA-256, which orders and tells anchors apart. */
  fingerprint: string;
  notAfter: Date;
}

/**
 * The anchors to publish: those of the certificate that is served, of the one that is staged to be served, and of the one
 * that was served before; sorted, each once, without those that have expired. An expired anchor is dropped only while another
 * one is left: an empty caBundle would mean the system's roots.
 */
export function trustedAnchors(sets: readonly (readonly Anchor[])[], now: Date): Anchor[] {
  const unique = [...new Map(sets.flat().map((anchor) => [anchor.fingerprint, anchor])).values()].toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : 1,
  );
  const valid = unique.filter((anchor) => anchor.notAfter > now);
  return valid.length > 0 ? valid : unique;
}

/** The caBundle as PEM text. The same anchors give the same bytes. */
export function caBundle(anchors: readonly Anchor[]): string {
  return anchors.map((anchor) => anchor.pem).join('');
}
