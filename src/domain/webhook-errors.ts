/**
 * The words with which an API server reports that a webhook could not be called, or that a pod was refused on the way to it:
 * what each means, and the way out. Texts of a Kubernetes 1.36 API server (reference/ops.md 1.3); a test has each of them.
 */

export interface Diagnosis {
  /** Stable: doctor and tests go by it. */
  id: string;
  cause: string;
  fix: string;
}

export interface WebhookError extends Diagnosis {
  text: RegExp;
}

const WRITER = 'the operator restores it; look for another program that writes the MutatingWebhookConfiguration';
const LISTENER = 'check what listens on the webhook port of the Service';

/** The first entry that matches decides: special texts stand before general ones. */
export const WEBHOOK_ERRORS: readonly WebhookError[] = [
  // TLS: what is served and what is trusted.
  {
    id: 'CAKeyDiffers',
    text: /while trying to verify candidate authority certificate/,
    cause:
      'the published caBundle holds a CA of the same name but another key than the one that signed the served certificate',
    fix: WRITER,
  },
  {
    id: 'CAUnknown',
    text: /certificate signed by unknown authority/,
    cause:
      'the API server does not trust the served certificate: the caBundle is empty, of another CA, or the chain is incomplete',
    fix: 'set spec.certificate.caBundleFrom to the CA of the signer',
  },
  {
    id: 'WrongNames',
    text: /certificate is valid for .*, not |certificate is not valid for any names|doesn't contain any IP SANs/,
    cause: 'the served certificate does not name the Service, or another process answers on this address',
    fix: LISTENER,
  },
  {
    id: 'NoNames',
    text: /relies on legacy Common Name field/,
    cause: 'the served certificate has no subject alternative name',
    fix: 'use a signer that keeps the names of the request',
  },
  {
    id: 'NotYetValid',
    text: /certificate has expired or is not yet valid: current time \S+ is before /,
    cause: "the served certificate is not valid yet: the API server's clock is behind",
    fix: 'set the clocks of the control plane and the nodes by NTP',
  },
  {
    id: 'Expired',
    text: /certificate has expired or is not yet valid/,
    cause: "the served certificate has expired, or the API server's clock is ahead",
    fix: "look at the condition CertificateReady, which says why it was not renewed; compare the nodes' clocks",
  },
  {
    id: 'ClientCertificateWanted',
    text: /tls: certificate required|tls: bad certificate/,
    cause: 'something in front of the operator asks the API server for a client certificate',
    fix: 'exclude the webhook port from the service mesh',
  },
  {
    id: 'PlainHTTP',
    text: /server gave HTTP response to HTTPS client/,
    cause: 'plain HTTP is answered on the webhook port: the targetPort is wrong, or a service mesh took the port over',
    fix: 'check targetPort of the Service and exclude the port from the service mesh',
  },
  {
    id: 'BundleNotPEM',
    text: /unable to load root certificates|unable to parse bytes as PEM block/,
    cause: 'the published caBundle is not PEM (garbled, or encoded in base64 twice)',
    fix: WRITER,
  },
  // The way to a replica.
  {
    id: 'ConnectionRefused',
    text: /connect: connection refused/,
    cause: 'nothing listens behind the Service: no replica is ready or the targetPort is wrong',
    fix: 'check that the pods of the operator run and are ready',
  },
  {
    id: 'NoEndpoints',
    text: /no endpoints available for service/,
    cause: 'the Service has no ready endpoint',
    fix: 'check that the pods of the operator run and are ready, and that the Service selects them',
  },
  {
    id: 'ServiceWrong',
    text: /service "[^"]*" not found|no service port \S+ found for service|cannot route to service/,
    cause: 'the Service is missing, headless, or has not the port that the webhook configuration names',
    fix: 'the operator restores it; look for another program that changes it',
  },
  {
    id: 'HandshakeTimeout',
    text: /TLS handshake timeout/,
    cause: 'the TLS handshake hung, often in a proxy in between',
    fix: 'check proxies and network policies between the API server and the operator',
  },
  {
    id: 'Timeout',
    text: /i\/o timeout|context deadline exceeded|request did not complete within|Client\.Timeout exceeded/,
    cause:
      'the API server got no answer in time: packets are dropped by a firewall or network policy, or the operator is overloaded',
    fix: 'open the webhook port from the control plane to the pods',
  },
  {
    id: 'NoRoute',
    text: /no route to host|network is unreachable/,
    cause: 'the control plane has no route to the pods',
    fix: 'run the operator with hostNetwork, or make the pod network reachable from the control plane',
  },
  {
    id: 'NoSuchHost',
    text: /no such host/,
    cause: "the API server cannot resolve the webhook's host name",
    fix: 'use a host name or address that the API server can resolve in --webhook-url',
  },
  {
    id: 'NoAgent',
    text: /No agent available/i,
    cause: 'the connection from the control plane to the nodes (konnectivity) is down',
    fix: 'check the konnectivity agents',
  },
  {
    id: 'ConnectionBroke',
    text: /unexpected EOF|: EOF\b|connection reset by peer|broken pipe|server closed idle connection/,
    cause: 'the connection broke: a replica stopped without draining, or a proxy closes connections early',
    fix: 'it heals by itself; if it repeats, look for a proxy in between',
  },
  // What answered.
  {
    id: 'Answered404',
    text: /the server could not find the requested resource/,
    cause: 'the answer was 404: another program answers, or the path is wrong',
    fix: LISTENER,
  },
  {
    id: 'Answered401',
    text: /the server has asked for the client to provide credentials/,
    cause:
      'the answer was 401: the operator runs with --client-ca-file and the API server shows no such certificate, or another program answers',
    fix: 'give the API server a client certificate by --admission-control-config-file (docs/security.md), or start the operator without --client-ca-file',
  },
  {
    id: 'Answered403',
    text: /failed to call webhook: unknown$/,
    cause: 'the answer was 403: another program, or a proxy or mesh that forbids the call, answers',
    fix: LISTENER,
  },
  {
    id: 'Answered413',
    text: /the server responded with the status code 413/,
    cause: 'the answer was 413: the pod is larger than the operator, or a proxy in between, takes',
    fix: 'make the pod smaller (annotations, environment), or raise the limit of the proxy',
  },
  {
    id: 'AnsweredOther',
    text: /the server responded with the status code \d|the server rejected our request/,
    cause: 'the answer was an HTTP status that the operator never gives to an API server: another program answers',
    fix: LISTENER,
  },
  {
    id: 'Answered429',
    text: /has received too many requests/,
    cause: 'the operator is overloaded (429)',
    fix: 'run more replicas',
  },
  {
    id: 'Answered503',
    text: /currently unable to handle the request/,
    cause: 'the operator is not ready to answer (503)',
    fix: 'it heals by itself once the caches are filled',
  },
  {
    id: 'Answered5xx',
    text: /an error on the server .* has prevented the request from succeeding/,
    cause: 'the operator failed to answer (5xx)',
    fix: "read the operator's log",
  },
  {
    id: 'NoReview',
    text: /0-length response with status code|couldn't get version\/kind|invalid webhook response|webhook response was absent|expected webhook response|undecodable patch|response\.patchType|unsupported patch type/,
    cause: 'the answer was not an admission review: another program answers, or a defect of the operator',
    fix: LISTENER,
  },
  {
    id: 'PatchMisfit',
    text: /(add|replace|remove|test|move|copy) operation does not apply|testing value .* failed|cannot unmarshal .* into Go struct/,
    cause: 'the patch of a mutating webhook does not fit the pod; the API server does not say of which',
    fix: 'find the webhook by the API server audit annotations mutation.webhook.admission.k8s.io',
  },
  // What refused the pod.
  {
    id: 'MatchCondition',
    text: /expression '.*' resulted in error/s,
    cause: 'a match condition failed on this pod',
    fix: 'guard the expression in spec.selection.matchConditions with has()',
  },
  {
    id: 'WebhookDenied',
    text: /admission webhook "[^"]*" denied the request/,
    cause: 'an admission webhook refused the pod',
    fix: 'read its message; if it is about the namespace sidecar-injector-probe, exclude that namespace from the webhook',
  },
  {
    id: 'PolicyDenied',
    text: /ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request/,
    cause: 'an admission policy refused the pod',
    fix: 'read its message; if it is about the namespace sidecar-injector-probe, exclude that namespace from the policy',
  },
  {
    id: 'PodSecurity',
    text: /violates PodSecurity/,
    cause: 'the pod security standard of the namespace refuses the pod',
    fix: 'for probes: label the namespace sidecar-injector-probe pod-security.kubernetes.io/enforce=privileged; it takes dry runs only',
  },
  {
    id: 'Quota',
    text: /exceeded quota|failed quota/,
    cause: 'the quota of the namespace is used up',
    fix: 'raise the ResourceQuota; the namespace sidecar-injector-probe needs none',
  },
  {
    id: 'NoServiceAccount',
    text: /error looking up service account/,
    cause:
      'the namespace has no service account "default" yet: kube-controller-manager makes it a moment after the namespace',
    fix: 'it heals by itself; else check kube-controller-manager',
  },
  {
    id: 'MayNotProbe',
    text: /is forbidden: User "[^"]*" cannot create resource "pods"/,
    cause: 'the operator may not create probe pods',
    fix: 'apply the RBAC rules of config/probe',
  },
  {
    id: 'NamespaceEnds',
    text: /because it is being terminated/,
    cause: 'the namespace is being deleted',
    fix: 'wait until it is gone, then apply config/namespaces',
  },
  {
    id: 'NoProbeNamespace',
    text: /namespaces "[^"]*" not found/,
    cause: 'the namespace for probe pods does not exist',
    fix: 'apply config/namespaces',
  },
  {
    id: 'NotCalled',
    text: /the API server did not call the webhook/,
    cause:
      'the API server did not call the webhook: it has not read the configuration yet, or runs without the plugin MutatingAdmissionWebhook',
    fix: 'if it stays so, check --disable-admission-plugins of the API server',
  },
];
