import type { Resource } from '../types.ts';
import { FieldSet } from './fieldset.ts';

const spec = ['spec'];

/** What the status endpoints of some types reset beyond the spec. */
const statusResets: Record<string, string[][]> = {
  certificatesigningrequests: [['status', 'conditions']],
  deployments: [['metadata', 'labels']],
  pods: [
    ['metadata', 'deletionTimestamp'],
    ['metadata', 'ownerReferences'],
  ],
};

/**
 * The fields that an endpoint resets, so that nobody comes to own them through it: GetResetFields of the strategies
 * in pkg/registry and apiextensions-apiserver/pkg/registry/customresource.
 */
export function resetFields(resource: Resource, subresource: string | undefined): FieldSet {
  const { plural, custom, subresources } = resource;
  if (!Object.hasOwn(subresources, 'status')) return new FieldSet();
  if (subresource === 'approval') return FieldSet.of(spec, ['status', 'certificate']);
  if (subresource === 'status') {
    return custom ? FieldSet.of(spec, ['metadata']) : FieldSet.of(spec, ...(statusResets[plural] ?? []));
  }
  if (subresource !== undefined) return new FieldSet();
  // A request for a certificate cannot be changed once it is made.
  return plural === 'certificatesigningrequests' ? FieldSet.of(spec, ['status']) : FieldSet.of(['status']);
}
