/** Who a certificate speaks for: its subject and its subject alternative names. */
export interface Identity {
  commonName: string;
  organization?: string;
  /** DNS names, in the order in which they are written into the request. */
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}

/** The attributes of a subject as node-forge takes them; organization first, as `openssl` prints O before CN. */
export function subjectAttributes(identity: Identity): { name: string; value: string }[] {
  const organization =
    identity.organization === undefined ? [] : [{ name: 'organizationName', value: identity.organization }];
  return [...organization, { name: 'commonName', value: identity.commonName }];
}

/** The subjectAltName extension as node-forge takes it (GeneralName types 2 = dNSName, 7 = iPAddress; RFC 5280 4.2.1.6). */
export function alternativeNames(identity: Identity): { name: 'subjectAltName'; altNames: object[] } {
  return {
    name: 'subjectAltName',
    altNames: [
      ...identity.dnsNames.map((value) => ({ type: 2, value })),
      ...identity.ipAddresses.map((ip) => ({ type: 7, ip })),
    ],
  };
}
