/** The NamespaceLifecycle admission plugin (k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle). */
import { failure, forbidden, notFound } from '../status.ts';
import type { AdmissionAttributes, ObjectStore } from '../types.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
const NAMESPACES = { group: '', plural: 'namespaces' };

/**
 * Objects are made in namespaces that exist and do not end; some namespaces never end.
 * @throws StatusError 403, 404
 */
export function checkNamespaceLifecycle(attributes: AdmissionAttributes, store: ObjectStore): void {
  const { operation, resource, namespace, name } = attributes;
  if (resource.group === '' && resource.plural === 'namespaces') {
    if (operation === 'DELETE' && IMMORTAL.has(name)) {
      throw forbidden(NAMESPACES, name, 'this namespace may not be deleted');
    }
    return;
  }
  if (namespace === undefined || operation === 'DELETE' || resource.virtual) return;
  const found = store.get('namespaces', undefined, namespace);
  if (!found) throw notFound(NAMESPACES, namespace);
  if (operation !== 'CREATE' || (found['status'] as { phase?: string } | undefined)?.phase !== 'Terminating') return;
  const target = name || (attributes.object?.metadata.name ?? '') || 'Unknown';
  const refusal = forbidden(
    resource,
    target,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  ).status;
  throw failure(403, 'Forbidden', refusal.message ?? '', {
    ...refusal.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
