/** Where each kind lives in the API: the only place that knows URL paths. */

/** One served resource. `group` is empty for the core group. */
export interface ResourceRef {
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
  kind: string;
}

const cluster = (group: string, version: string, plural: string, kind: string): ResourceRef =>
  Object.freeze({ group, version, plural, namespaced: false, kind });
const namespaced = (group: string, version: string, plural: string, kind: string): ResourceRef =>
  Object.freeze({ group, version, plural, namespaced: true, kind });

/** Every resource that the operator touches. */
export const RESOURCES = Object.freeze({
  sidecarInjectors: cluster('sidecarinjector.dev', 'v1alpha1', 'sidecarinjectors', 'SidecarInjector'),
  namespaces: cluster('', 'v1', 'namespaces', 'Namespace'),
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  services: namespaced('', 'v1', 'services', 'Service'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  events: namespaced('events.k8s.io', 'v1', 'events', 'Event'),
  certificateSigningRequests: cluster(
    'certificates.k8s.io',
    'v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
  ),
  mutatingWebhookConfigurations: cluster(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  selfSubjectReviews: cluster('authentication.k8s.io', 'v1', 'selfsubjectreviews', 'SelfSubjectReview'),
});

/** `v1` or `group/version`, as in an object's apiVersion. */
export const apiVersionOf = (resource: ResourceRef): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/**
 * The URL path of a resource, of one object, or of its subresource.
 * Without a namespace, a namespaced resource gives the path over all namespaces.
 */
export const resourcePath = (
  resource: ResourceRef,
  target: { namespace?: string | undefined; name?: string | undefined; subresource?: string | undefined } = {},
): string => {
  const segments = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version];
  if (resource.namespaced && target.namespace !== undefined) segments.push('namespaces', target.namespace);
  segments.push(resource.plural);
  if (target.name !== undefined) segments.push(target.name);
  if (target.subresource !== undefined) segments.push(target.subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
};

/** What may follow a namespace's name without being a resource in it (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go). */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/**
 * The resource (and subresource) that a path is about, for the labels of metrics: `pods`, `leases`,
 * `sidecarinjectors/status`; `other` for paths that are no resource. Never a name of an object.
 */
export const resourceOfPath = (path: string): string => {
  const segments = path.split('?', 1)[0]?.split('/').slice(1) ?? [];
  const rest = segments[0] === 'api' ? segments.slice(2) : segments[0] === 'apis' ? segments.slice(3) : [];
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '');
  const [resource, , subresource] = inNamespace ? rest.slice(2) : rest;
  if (resource === undefined || resource === '') return 'other';
  return subresource === undefined ? resource : `${resource}/${subresource}`;
};
