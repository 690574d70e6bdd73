/** The shape of a CertificateSigningRequest (certificates.k8s.io/v1). */
import type { KubeObject } from '../types.ts';

export interface CsrCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

export interface CertificateSigningRequest extends KubeObject {
  spec: {
    request?: string;
    signerName?: string;
    usages?: string[];
    expirationSeconds?: number;
    username?: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
  };
  status: { conditions?: CsrCondition[]; certificate?: string };
}

/** Reads a stored or incoming object as a request; spec and status may be missing on the wire. */
export function asCsr(object: KubeObject): CertificateSigningRequest {
  const csr = object as CertificateSigningRequest;
  if (!Object.isFrozen(csr)) {
    csr.spec ??= {};
    csr.status ??= {};
  }
  return csr;
}

/** The conditions of one type. */
export function conditionsOf(csr: CertificateSigningRequest, type: string): CsrCondition[] {
  return (csr.status.conditions ?? []).filter((condition) => condition.type === type);
}

/** True also for the empty status of old objects, as in HasTrueCondition. */
export function hasTrueCondition(csr: CertificateSigningRequest, type: string): boolean {
  return conditionsOf(csr, type).some(({ status }) => status === 'True' || status === '');
}

/** The text behind the base64 of a `[]byte` field. */
export function decoded(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}
