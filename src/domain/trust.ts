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
 * that was served before; sorted, each once. Trust goes by the protocol alone, never because a clock says that it has
 * expired: clients refuse what an expired anchor signed, so it does no harm, and a clock that is wrong would take away what
 * replicas still rely on.
 */
export function trustedAnchors(sets: readonly (readonly Anchor[])[]): Anchor[] {
  return [...new Map(sets.flat().map((anchor) => [anchor.fingerprint, anchor])).values()].toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : 1,
  );
}

/** The caBundle as PEM text. The same anchors give the same bytes. */
export function caBundle(anchors: readonly Anchor[]): string {
  return anchors.map((anchor) => anchor.pem).join('');
}
