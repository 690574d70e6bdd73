import type { Resource } from '../types.ts';
import { FieldSet } from './fieldset.ts';

/**
 * The fields that an endpoint resets, so that nobody comes to own them through it: GetResetFields of the strategies
 * (pkg/registry/*\/strategy.go, apiextensions-apiserver/pkg/registry/customresource/*strategy.go).
 */
export function resetFields(resource: Resource, subresource: string | undefined): FieldSet {
  if (!Object.hasOwn(resource.subresources, 'status')) return new FieldSet();
  // A request for a certificate cannot be changed once it is made.
  const isCertificateRequest = resource.group === 'certificates.k8s.io';
  if (subresource === undefined)
    return isCertificateRequest ? FieldSet.of(['spec'], ['status']) : FieldSet.of(['status']);
  if (subresource === 'approval') return FieldSet.of(['spec'], ['status', 'certificate']);
  if (subresource !== 'status') return new FieldSet();
  if (isCertificateRequest) return FieldSet.of(['spec'], ['status', 'conditions']);
  return resource.custom ? FieldSet.of(['spec'], ['metadata']) : FieldSet.of(['spec']);
}
