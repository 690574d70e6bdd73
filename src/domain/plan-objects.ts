/** The objects that the operator wants for an injector, as server-side apply sends them (DESIGN 2). */
import { createHash } from 'node:crypto';
import { selectionOf, webhookOf } from '../api/v1alpha1/defaults.ts';
import {
  API_VERSION,
  EXCLUDED_NAMESPACES,
  INJECTOR_LABEL,
  KIND,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  PROBE_LABEL,
  PROBE_NAMESPACE,
  probeWebhookName,
  serviceName,
  webhookConfigurationName,
  webhookName,
  webhookPath,
} from '../api/v1alpha1/names.ts';
import type { JsonObject, LabelSelector, SidecarInjector } from '../api/v1alpha1/types.ts';
import { at, canonicalJson } from './json.ts';

/** What is true of this operator and every injector. */
export interface OperatorFacts {
  namespace: string;
  /** The port on which admission is served, in the pod: its name, where replicas of two versions may have two numbers. */
  webhookPort: number | string;
  /** For development out of cluster: `https://HOST:PORT`, where `{name}` stands for the injector's name. */
  webhookUrl?: string | undefined;
}

/** An object to apply. */
export interface DesiredObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: Partial<OwnedMetadata> & { name: string; annotations: Record<string, string> };
}

export interface OwnedMetadata {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  ownerReferences: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** Which pods are the operator's own: what the Service selects, and what no webhook ever changes. */
export const OPERATOR_POD_LABELS = {
  'app.kubernetes.io/name': 'sidecar-injector',
  'app.kubernetes.io/component': 'operator',
} as const;

/** Of the operator's container port (config/manager/deployment.yaml). */
export const WEBHOOK_PORT_NAME = 'webhook';

/** Digest of what was applied last. With it, a change of ours is told from a change that somebody else made. */
export const APPLIED_ANNOTATION = 'sidecarinjector.dev/applied';

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export function ownerReference(injector: SidecarInjector): OwnerReference {
  const { name, uid = '' } = injector.metadata;
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true };
}

/** Labels of everything that belongs to an injector. */
export function ownedLabels(injector: string): Record<string, string> {
  return { [MANAGED_BY_LABEL]: MANAGED_BY, [INJECTOR_LABEL]: injector };
}

export function ownedMetadata(injector: SidecarInjector, name: string, namespace?: string): OwnedMetadata {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: ownedLabels(injector.metadata.name),
    ownerReferences: [ownerReference(injector)],
  };
}

function sealed(object: JsonObject & { apiVersion: string; kind: string; metadata: OwnedMetadata }): DesiredObject {
  const digest = createHash('sha256').update(canonicalJson(object)).digest('hex').slice(0, 16);
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { [APPLIED_ANNOTATION]: digest } },
  };
}

/** A change of it makes API servers read a configuration anew that they hold an old version of (reference/certs.md 1.4). */
const TOUCH_ANNOTATION = 'sidecarinjector.dev/touched';

/** The object with this mark. It is not part of the digest: a touch is no change of what is wanted. */
export function touched(object: DesiredObject, mark: string | undefined): DesiredObject {
  if (mark === undefined) return object;
  const annotations = { ...object.metadata.annotations, [TOUCH_ANNOTATION]: mark };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The mark of the last touch. */
export function touchOf(stored: JsonObject | undefined): string | undefined {
  const mark = at(stored, ['metadata', 'annotations', TOUCH_ANNOTATION]);
  return typeof mark === 'string' ? mark : undefined;
}

/**
 * The Service whose DNS name is the TLS identity of the injector. It belongs to the webhook configuration, too: Kubernetes
 * removes an object only when all its owners are gone, so after the injector the configuration goes first, and the API
 * server never calls a Service that is not there. That takes neither a finalizer nor a running operator.
 *
 * @param configurationUid undefined while there is no webhook configuration
 */
export function desiredService(
  injector: SidecarInjector,
  operator: OperatorFacts,
  configurationUid: string | undefined,
): DesiredObject {
  const metadata = ownedMetadata(injector, serviceName(injector.metadata.name), operator.namespace);
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    name: webhookConfigurationName(injector.metadata.name),
  };
  if (configurationUid !== undefined) metadata.ownerReferences.push({ ...configuration, uid: configurationUid });
  return sealed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: { ...OPERATOR_POD_LABELS },
      ports: [{ name: WEBHOOK_PORT_NAME, port: 443, protocol: 'TCP', targetPort: operator.webhookPort }],
    },
  });
}

/** The URL at which the API server finds the injector; undefined when it goes through the Service. */
export function webhookUrl(injector: string, operator: OperatorFacts): string | undefined {
  const base = operator.webhookUrl?.replaceAll('{name}', injector).replace(/\/+$/, '');
  return base === undefined ? undefined : `${base}${webhookPath(injector)}`;
}

function clientConfig(injector: string, operator: OperatorFacts, caBundlePem: string): JsonObject {
  const url = webhookUrl(injector, operator);
  const caBundle = Buffer.from(caBundlePem).toString('base64');
  if (url !== undefined) return { url, caBundle };
  const service = {
    namespace: operator.namespace,
    name: serviceName(injector),
    path: webhookPath(injector),
    port: 443,
  };
  return { service, caBundle };
}

function both(selector: LabelSelector, requirement: JsonObject): JsonObject {
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), requirement] };
}

/**
 * The webhook configuration: one entry for the pods of users, and one for the operator's own probe pods. Both state every
 * field, so that nothing depends on a default of the API server.
 */
export function desiredWebhookConfiguration(
  injector: SidecarInjector,
  operator: OperatorFacts,
  caBundlePem: string,
): DesiredObject {
  const { name } = injector.metadata;
  const { failurePolicy, timeoutSeconds, reinvocationPolicy } = webhookOf(injector);
  const { namespaceSelector, objectSelector, matchConditions } = selectionOf(injector);
  const common = {
    clientConfig: clientConfig(name, operator, caBundlePem),
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds,
    admissionReviewVersions: ['v1'],
    reinvocationPolicy,
  };
  return sealed({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: ownedMetadata(injector, webhookConfigurationName(name)),
    webhooks: [
      {
        name: webhookName(name),
        ...common,
        failurePolicy,
        namespaceSelector: both(namespaceSelector, {
          key: NAMESPACE_NAME,
          operator: 'NotIn',
          values: [operator.namespace, ...EXCLUDED_NAMESPACES, PROBE_NAMESPACE],
        }),
        // In the operator's namespace nothing is injected; this holds for operators that are installed elsewhere, too.
        objectSelector: both(objectSelector, {
          key: 'app.kubernetes.io/name',
          operator: 'NotIn',
          values: [OPERATOR_POD_LABELS['app.kubernetes.io/name']],
        }),
        ...(matchConditions.length > 0 && { matchConditions }),
      },
      {
        name: probeWebhookName(name),
        ...common,
        // A probe must hear the words of the failure, which Ignore would swallow; it can block nothing but probes.
        failurePolicy: 'Fail',
        namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: PROBE_NAMESPACE } },
        objectSelector: { matchLabels: { [PROBE_LABEL]: name } },
      },
    ],
  });
}
