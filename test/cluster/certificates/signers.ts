/**
 * The signers of kube-controller-manager: pkg/controller/certificates/signer/signer.go. They issue what is approved, or leave a
 * Failed condition. `kubernetes.io/legacy-unknown` cannot be asked for through v1.
 */
import { ControllerClient, Reconciler } from '../controllers/reconciler.ts';
import { copy } from '../storage/json.ts';
import type { ControllerContext } from '../types.ts';
import { signRequest, type SigningAuthority } from './authority.ts';
import { asCsr, decoded, hasTrueCondition, type CertificateSigningRequest } from './csr.ts';
import { parseRequest, type CertificateRequest } from './request.ts';

export const CSR_PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const CSR_STORAGE_KEY = 'certificatesigningrequests.certificates.k8s.io';

/** --cluster-signing-duration: 365 days (signer/config/v1alpha1/defaults.go). */
const MAX_LIFETIME_MS = 365 * 24 * 3600 * 1000;
const MIN_LIFETIME_MS = 10 * 60 * 1000;

const NODE_USAGES = (purpose: string): string[] => ['digital signature', 'key encipherment', purpose];

/** Same set, with or without "key encipherment", which only RSA keys need. */
function usagesError(usages: string[], purpose: string): string | undefined {
  const wanted = NODE_USAGES(purpose);
  const given = new Set(usages);
  const equal = (list: string[]): boolean => list.length === given.size && list.every((usage) => given.has(usage));
  const matches = equal(wanted) || equal(wanted.filter((usage) => usage !== 'key encipherment'));
  return matches ? undefined : `usages did not match [${wanted.toSorted().join(' ')}]`;
}

const NOT_NODES = 'subject organization is not system:nodes';
const NOT_NODE = 'subject common name does not begin with system:node:';
const isNodes = ({ organizations }: CertificateRequest): boolean =>
  organizations.length === 1 && organizations[0] === 'system:nodes';

/** ValidateKubeletServingCSR in pkg/apis/certificates/helpers.go; the order decides which text is reported. */
function kubeletServingError(request: CertificateRequest, usages: string[]): string | undefined {
  if (!isNodes(request)) return NOT_NODES;
  if (request.dnsNames.length === 0 && request.ips === 0) return 'DNS or IP subjectAltName is required';
  if (request.emails > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris > 0) return 'URI subjectAltNames are not allowed';
  const wrong = usagesError(usages, 'server auth');
  if (wrong) return wrong;
  return request.commonName.startsWith('system:node:') ? undefined : NOT_NODE;
}

/** ValidateKubeletClientCSR, same file. */
export function kubeletClientError(request: CertificateRequest, usages: string[]): string | undefined {
  if (!isNodes(request)) return NOT_NODES;
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emails > 0) return 'Email subjectAltNames are not allowed';
  if (request.ips > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith('system:node:')) return NOT_NODE;
  return usagesError(usages, 'client auth');
}

/** validAPIServerClientUsages in signer.go. */
function clientError(_request: CertificateRequest, usages: string[]): string | undefined {
  const allowed = ['digital signature', 'key encipherment', 'client auth'];
  const bad = usages.find((usage) => !allowed.includes(usage));
  if (bad) return `invalid usage for client certificate: ${bad}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

type Check = (request: CertificateRequest, usages: string[]) => string | undefined;
const SIGNERS: Record<string, Check> = {
  'kubernetes.io/kubelet-serving': kubeletServingError,
  'kubernetes.io/kube-apiserver-client-kubelet': kubeletClientError,
  'kubernetes.io/kube-apiserver-client': clientError,
};

/** What a signer does with a request: nothing, a certificate as PEM, or the message of a Failed condition. */
export function decide(
  csr: CertificateSigningRequest,
  authority: SigningAuthority,
  now: Date,
): { certificate?: string; failure?: string } {
  const { signerName = '', usages = [], expirationSeconds } = csr.spec;
  const done = csr.status.certificate || hasTrueCondition(csr, 'Failed') || hasTrueCondition(csr, 'Denied');
  const check = Object.hasOwn(SIGNERS, signerName) ? SIGNERS[signerName] : undefined;
  if (!check || done || !hasTrueCondition(csr, 'Approved')) return {};
  const request = parseRequest(decoded(csr.spec.request));
  const failure = check(request, usages);
  if (failure) return { failure };
  const requested = expirationSeconds === undefined ? MAX_LIFETIME_MS : expirationSeconds * 1000;
  const lifetimeMs = Math.max(MIN_LIFETIME_MS, Math.min(requested, MAX_LIFETIME_MS));
  return { certificate: signRequest(authority, request, { usages, lifetimeMs, now }) };
}

/** Works through the requests as they come and change. Shared by the signers and the approver. */
export function followRequests(
  { store }: ControllerContext,
  handle: (csr: CertificateSigningRequest) => Promise<void>,
): () => void {
  const queue = new Reconciler(async (name) => {
    const found = store.get(CSR_STORAGE_KEY, undefined, name);
    if (found) await handle(asCsr(copy(found)));
    return undefined;
  });
  for (const { metadata } of store.list(CSR_STORAGE_KEY)) queue.add(metadata.name);
  const end = store.subscribe(CSR_STORAGE_KEY, ({ object }) => queue.add(object.metadata.name));
  return () => {
    end();
    queue.stop();
  };
}

/** Answers approved requests through the API, as kube-controller-manager would. */
export function signers(context: ControllerContext): () => void {
  const api = new ControllerClient(context.client, 'certificate-controller');
  return followRequests(context, async (csr) => {
    const { certificate, failure } = decide(csr, context.clusterCA, new Date());
    if (certificate === undefined && failure === undefined) return;
    if (certificate !== undefined) csr.status.certificate = Buffer.from(certificate).toString('base64');
    if (failure !== undefined) {
      const reason = 'SignerValidationFailure';
      (csr.status.conditions ??= []).push({ type: 'Failed', status: 'True', reason, message: failure });
    }
    await api.request('PUT', `${CSR_PATH}/${encodeURIComponent(csr.metadata.name)}/status`, csr);
  });
}
