/** What the operator must be allowed to do; asked of the API server one by one, as no list of another's rights exists. */
import { PROBE_NAMESPACE, SIGNER_OWN } from '../../api/v1alpha1/names.ts';
import { describeError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { create } from '../../kube/verbs.ts';
import type { Facts, Right } from './facts.ts';
import { SERVICE_ACCOUNT } from './operator.ts';
import { READ } from './resources.ts';

interface Review extends KubeObject {
  status?: { allowed?: boolean };
}

const each = (group: string, resource: string, verbs: string, namespace?: string): Right[] =>
  verbs.split(' ').map((verb) => ({ verb, group, resource, ...(namespace !== undefined && { namespace }) }));

/** As in config/rbac and config/probe; a test asks for all of them under those. */
export function neededRights(namespace: string): Right[] {
  return [
    ...each('sidecarinjector.dev', 'sidecarinjectors', 'get list watch'),
    ...each('sidecarinjector.dev', 'sidecarinjectors/status', 'patch'),
    ...each('', 'namespaces', 'list watch'),
    ...each('events.k8s.io', 'events', 'create'),
    ...each('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'list watch patch delete'),
    ...each('certificates.k8s.io', 'certificatesigningrequests', 'list watch create delete'),
    ...each('certificates.k8s.io', 'certificatesigningrequests/approval', 'update'),
    ...each('certificates.k8s.io', 'certificatesigningrequests/status', 'update'),
    ...['approve', 'sign'].map((verb) => ({
      verb,
      group: 'certificates.k8s.io',
      resource: 'signers',
      name: SIGNER_OWN,
    })),
    ...each('', 'secrets', 'get list watch create update', namespace),
    ...each('', 'services', 'list watch patch', namespace),
    ...each('apps', 'controllerrevisions', 'list watch create', namespace),
    ...each('coordination.k8s.io', 'leases', 'get create update', namespace),
    ...each('', 'pods', 'create', PROBE_NAMESPACE),
  ];
}

/** Those that it lacks. */
export async function lackingRights(
  client: KubeClient,
  namespace: string,
): Promise<Pick<Facts, 'lacking' | 'rightsHidden'>> {
  const rights = neededRights(namespace);
  try {
    const answers = await Promise.all(rights.map((right) => isAllowed(client, namespace, right)));
    return { lacking: rights.filter((_, index) => answers[index] !== true) };
  } catch (error) {
    return { rightsHidden: describeError(error) };
  }
}

async function isAllowed(client: KubeClient, operatorNamespace: string, right: Right): Promise<boolean> {
  const [resource, subresource] = right.resource.split('/');
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {} as KubeObject['metadata'],
    spec: {
      user: `system:serviceaccount:${operatorNamespace}:${SERVICE_ACCOUNT}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${operatorNamespace}`, 'system:authenticated'],
      resourceAttributes: { ...right, resource, ...(subresource !== undefined && { subresource }) },
    },
  };
  const { status } = await create<Review>(client, READ.subjectAccessReviews, review, { retries: 1 });
  return status?.allowed === true;
}
