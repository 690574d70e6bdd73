/** Old requests are deleted: pkg/controller/certificates/cleaner/cleaner.go, polled every hour. */
import { X509Certificate } from 'node:crypto';
import { copy } from '../storage/json.ts';
import type { ControllerContext } from '../types.ts';
import { asCsr, conditionsOf, decoded, type CertificateSigningRequest } from './csr.ts';
import { pemBlocks } from './pem.ts';
import { CSR_STORAGE_KEY } from './signers.ts';

const HOUR_MS = 3600_000;
const PENDING_MS = 24 * HOUR_MS;

function isExpired(certificate: string, now: Date): boolean {
  const [block] = pemBlocks(decoded(certificate));
  return block !== undefined && new X509Certificate(block.bytes).validToDate < now;
}

/** True when the request has been kept long enough at `now`. */
export function isOverdue(csr: CertificateSigningRequest, now: Date): boolean {
  const olderThan = (timestamp: string | undefined, limit: number): boolean =>
    timestamp !== undefined && now.getTime() - Date.parse(timestamp) > limit;
  const since = (type: string, limit: number): boolean =>
    conditionsOf(csr, type).some(({ lastUpdateTime }) => olderThan(lastUpdateTime, limit));
  const { certificate, conditions = [] } = csr.status;
  if (conditions.length === 0) return olderThan(csr.metadata.creationTimestamp, PENDING_MS);
  if (since('Denied', HOUR_MS) || since('Failed', HOUR_MS)) return true;
  if (!certificate) return since('Approved', PENDING_MS);
  const approved = conditionsOf(csr, 'Approved').length > 0;
  return since('Approved', HOUR_MS) || (approved && isExpired(certificate, now));
}

/** One pass over all requests at `now`. Returns the names it deleted. */
export async function cleanRequests({ store, client }: ControllerContext, now: Date): Promise<string[]> {
  const overdue = store
    .list(CSR_STORAGE_KEY)
    .map((object) => asCsr(copy(object)))
    .filter((csr) => isOverdue(csr, now))
    .map((csr) => csr.metadata.name);
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  await Promise.all(overdue.map((name) => client.request('DELETE', `${path}/${encodeURIComponent(name)}`)));
  return overdue;
}

/** Cleans up every hour. */
export function requestCleaner(context: ControllerContext): () => void {
  const timer = setInterval(() => void cleanRequests(context, new Date()), HOUR_MS);
  timer.unref();
  return () => clearInterval(timer);
}
