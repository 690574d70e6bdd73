/**
 * Kubelets' client certificates approve themselves when the requester may ask for them: pkg/controller/certificates/approver/sarapprove.go.
 */
import { ControllerClient } from '../controllers/reconciler.ts';
import type { ControllerContext } from '../types.ts';
import { conditionsOf, decoded, type CertificateSigningRequest } from './csr.ts';
import { parseRequest } from './request.ts';
import { CSR_PATH, followRequests, kubeletClientError } from './signers.ts';

/** The rights that are tried, in this order, and what the approval says. */
function permissions({ spec }: CertificateSigningRequest): { subresource: string; message: string }[] {
  if (spec.signerName !== 'kubernetes.io/kube-apiserver-client-kubelet') return [];
  const request = parseRequest(decoded(spec.request));
  if (kubeletClientError(request, spec.usages ?? [])) return [];
  const message = (whose: string): string =>
    `Auto approving ${whose}kubelet client certificate after SubjectAccessReview.`;
  return [
    ...(spec.username === request.commonName ? [{ subresource: 'selfnodeclient', message: message('self ') }] : []),
    { subresource: 'nodeclient', message: message('') },
  ];
}

/** Approves what its requester may have. */
export function approver(context: ControllerContext): () => void {
  const api = new ControllerClient(context.client, 'certificate-controller');

  async function isAllowed({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username: user, uid, groups, extra } = spec;
    const resource = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', version: '*' };
    const review = await api.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, uid, groups, extra, resourceAttributes: { ...resource, subresource, verb: 'create' } },
    });
    return (review?.['status'] as { allowed?: boolean } | undefined)?.allowed === true;
  }

  return followRequests(context, async (csr) => {
    const isDecided = conditionsOf(csr, 'Approved').length + conditionsOf(csr, 'Denied').length > 0;
    if (csr.status.certificate || isDecided) return;
    for (const { subresource, message } of permissions(csr)) {
      if (!(await isAllowed(csr, subresource))) continue;
      (csr.status.conditions ??= []).push({ type: 'Approved', status: 'True', reason: 'AutoApproved', message });
      await api.request('PUT', `${CSR_PATH}/${encodeURIComponent(csr.metadata.name)}/approval`, csr);
      return;
    }
  });
}
