/** Every name that the operator gives or reads: objects (DESIGN 2), webhooks, paths, labels, annotations, field managers. */

export const GROUP = 'sidecarinjector.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = 'sidecarinjector.dev/v1alpha1';
export const KIND = 'SidecarInjector';
export const PLURAL = 'sidecarinjectors';

/** The longest name of a SidecarInjector: `sidecar-injector-NAME` and all that is derived from it must fit 63 characters. */
export const MAX_NAME_LENGTH = 40;

/** The one field manager of every object that the operator applies, and of its status writes. */
export const FIELD_MANAGER = 'sidecar-injector';
export const STATUS_FIELD_MANAGER = 'sidecar-injector-status';
/** Of status.pods, and of status.rollout with its condition: they are written at other times than the rest of the status. */
export const PODS_FIELD_MANAGER = 'sidecar-injector-pods';
export const ROLLOUT_FIELD_MANAGER = 'sidecar-injector-rollout';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'sidecar-injector';
/** On every owned object: the SidecarInjector that it belongs to. */
export const INJECTOR_LABEL = 'sidecarinjector.dev/injector';

/** The only namespace in which the operator may create pods, and only with dryRun=All. */
export const PROBE_NAMESPACE = 'sidecar-injector-probe';
/** On a bare pod that the operator dry-runs through the webhook of the injector in its value, to prove that injection works. */
export const PROBE_LABEL = 'sidecarinjector.dev/probe';
/** On an already rendered pod that the operator dry-runs past the webhooks, to try a template. */
export const TRIAL_LABEL = 'sidecarinjector.dev/trial';

/** Namespaces that no injector ever touches, besides the operator's own. */
export const EXCLUDED_NAMESPACES: readonly string[] = ['kube-system', 'kube-node-lease'];

export const SIGNER_OWN = 'sidecarinjector.dev/webhook-serving';
export const SIGNER_KUBELET_SERVING = 'kubernetes.io/kubelet-serving';

/** Name of the Service, the MutatingWebhookConfiguration, and the stem of the other names. */
export function objectName(injector: string): string {
  return `sidecar-injector-${injector}`;
}

export const serviceName = objectName;
export const webhookConfigurationName = objectName;

export function secretName(injector: string): string {
  return `${objectName(injector)}-tls`;
}

/** Name of the request for one key: a new key has a new name, so there is no AlreadyExists trap. `keyHash`: lower-case hex. */
export function requestName(injector: string, keyHash: string): string {
  return `${objectName(injector)}-${keyHash}`;
}

/** The DNS name that the API server dials and sends as SNI: the TLS identity of an injector. */
export function serviceDnsName(injector: string, namespace: string): string {
  return `${serviceName(injector)}.${namespace}.svc`;
}

/** Every name that the certificate carries, the one of `serviceDnsName` first. */
export function serviceDnsNames(injector: string, namespace: string): string[] {
  const name = serviceDnsName(injector, namespace);
  return [name, `${serviceName(injector)}.${namespace}`, `${name}.cluster.local`];
}

/** The injector that a TLS server name belongs to; undefined for a name that is not ours. */
export function injectorOfServerName(servername: string, namespace: string): string | undefined {
  const suffix = `.${namespace}.svc`;
  const prefix = objectName('');
  if (!servername.startsWith(prefix) || !servername.endsWith(suffix)) return undefined;
  const name = servername.slice(prefix.length, -suffix.length);
  return name === '' || name.includes('.') ? undefined : name;
}

const MUTATE_PATH = '/mutate/';

export function webhookPath(injector: string): string {
  return `${MUTATE_PATH}${injector}`;
}

/** Webhook entry for the pods of users. A webhook's name needs three segments (admissionregistration validation). */
export function webhookName(injector: string): string {
  return `inject.${injector}.${GROUP}`;
}

/** Webhook entry for probe pods: same path, same caBundle. */
export function probeWebhookName(injector: string): string {
  return `probe.${injector}.${GROUP}`;
}

export function defaultAnnotation(injector: string): string {
  return `inject.${GROUP}/${injector}`;
}

export function defaultStatusAnnotation(injector: string): string {
  return `status.${GROUP}/${injector}`;
}

/** Label of an injected pod; its value is the revision of the template, so that `kubectl get pods -l` finds pods by it. */
export function injectedLabel(injector: string): string {
  return `injected.${GROUP}/${injector}`;
}

/** Annotations of the Secret: which request and signer its certificate came from. */
export const REQUEST_ANNOTATION = 'sidecarinjector.dev/request';
export const SIGNER_ANNOTATION = 'sidecarinjector.dev/signer';
