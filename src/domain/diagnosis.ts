/**
 * From the words with which the API server reports a failed webhook call to the cause and the way out, in plain words.
 * The texts are those of a Kubernetes 1.36 API server (reference/ops.md 1.3).
 */

export interface Diagnosis {
  cause: string;
  fix: string;
}

interface Rule extends Diagnosis {
  text: RegExp;
}

/** The first rule that matches decides: special texts stand before general ones. */
const RULES: readonly Rule[] = [
  {
    text: /while trying to verify candidate authority certificate/,
    cause:
      'the published caBundle holds a CA of the same name but another key than the one that signed the served certificate',
    fix: 'the operator publishes the right caBundle; look for another program that writes it',
  },
  {
    text: /certificate signed by unknown authority/,
    cause:
      'the API server does not trust the served certificate: the caBundle is empty, of another CA, or the chain is incomplete',
    fix: 'set spec.certificate.caBundleFrom to the CA of the signer',
  },
  {
    text: /certificate is valid for .*, not |doesn't contain any IP SANs/,
    cause: 'the served certificate does not name the Service, or another process answers on this address',
    fix: 'check what listens on the webhook port',
  },
  {
    text: /relies on legacy Common Name field/,
    cause: 'the served certificate has no subject alternative name',
    fix: 'use a signer that keeps the names of the request',
  },
  {
    text: /certificate has expired or is not yet valid/,
    cause: 'the served certificate has expired, or the clocks of the API server and the operator differ',
    fix: 'compare the clocks',
  },
  {
    text: /tls: certificate required/,
    cause: 'something in front of the operator asks the API server for a client certificate',
    fix: 'exclude the webhook port from the service mesh',
  },
  {
    text: /server gave HTTP response to HTTPS client/,
    cause: 'plain HTTP is answered on the webhook port',
    fix: 'check targetPort of the Service and that no service mesh takes over the port',
  },
  {
    text: /connect: connection refused/,
    cause: 'nothing listens behind the Service: no replica is ready or the targetPort is wrong',
    fix: 'check that the operator runs and is ready',
  },
  {
    text: /no endpoints available for service/,
    cause: 'the Service has no ready endpoint',
    fix: 'check that the operator runs and is ready, and that the Service selects its pods',
  },
  {
    text: /service "[^"]*" not found|no service port \d+ found for service|cannot route to service/,
    cause: 'the Service is missing or has not the port that the webhook configuration names',
    fix: 'the operator restores it; look for another program that changes it',
  },
  {
    text: /TLS handshake timeout/,
    cause: 'the TLS handshake hung, often in a proxy in between',
    fix: 'check proxies and network policies between the API server and the operator',
  },
  {
    text: /i\/o timeout|context deadline exceeded|request did not complete within/,
    cause:
      'the API server got no answer in time: packets are dropped by a firewall or network policy, or the operator is overloaded',
    fix: 'open the webhook port from the control plane to the pods',
  },
  {
    text: /no such host/,
    cause: "the API server cannot resolve the webhook's host name",
    fix: 'use a host name or address that the API server can resolve in --webhook-url',
  },
  {
    text: /No agent available/,
    cause: 'the connection from the control plane to the nodes (konnectivity) is down',
    fix: 'check the konnectivity agents',
  },
  {
    text: /unable to load root certificates|unable to parse bytes as PEM block/,
    cause: 'the published caBundle is not PEM',
    fix: 'the operator publishes the right caBundle; look for another program that writes it',
  },
  {
    text: /unexpected EOF|: EOF\b|connection reset by peer|broken pipe|server closed idle connection/,
    cause: 'the connection broke: a replica stopped without draining, or a proxy closes connections early',
    fix: 'it heals by itself; if it repeats, look for a proxy in between',
  },
  {
    text: /the server could not find the requested resource/,
    cause: 'the answer was 404: another program answers, or the path is wrong',
    fix: 'check what listens on the webhook port',
  },
  {
    text: /has received too many requests/,
    cause: 'the operator is overloaded (429)',
    fix: 'run more replicas',
  },
  {
    text: /currently unable to handle the request/,
    cause: 'the operator is not ready to answer (503)',
    fix: 'it heals by itself once the caches are filled',
  },
  {
    text: /an error on the server .* has prevented the request from succeeding/,
    cause: 'the operator failed to answer (5xx)',
    fix: "read the operator's log",
  },
  {
    text: /0-length response with status code|couldn't get version\/kind|invalid webhook response|webhook response was absent|expected webhook response|undecodable patch|response\.patchType/,
    cause: 'the answer was not an admission review: another program answers, or a defect of the operator',
    fix: 'check what listens on the webhook port',
  },
  {
    text: /(add|replace|remove|test) operation does not apply|testing value .* failed|cannot unmarshal .* into Go struct/,
    cause: 'the patch of a mutating webhook does not fit the pod',
    fix: 'find the webhook by the API server audit annotations mutation.webhook.admission.k8s.io',
  },
  {
    text: /expression '.*' resulted in error/,
    cause: 'a match condition failed on this pod',
    fix: 'guard the expression in spec.selection.matchConditions with has()',
  },
  {
    text: /is forbidden: User "[^"]*" cannot create resource "pods"/,
    cause: 'the operator may not create probe pods',
    fix: 'apply the RBAC rules of config/probe',
  },
  {
    text: /namespaces "[^"]*" not found/,
    cause: 'the namespace for probe pods does not exist',
    fix: 'apply config/namespaces',
  },
  {
    text: /admission webhook "[^"]*" denied the request/,
    cause: 'an admission webhook refused the probe pod',
    fix: 'exclude the namespace sidecar-injector-probe from that webhook',
  },
  {
    text: /violates PodSecurity/,
    cause: 'the pod security standard of the probe namespace refuses the pod',
    fix: 'label the namespace sidecar-injector-probe pod-security.kubernetes.io/enforce=privileged; it takes dry runs only',
  },
];

/** The cause of a failed call; undefined for words that are not in the table. */
export function diagnose(message: string): Diagnosis | undefined {
  const rule = RULES.find(({ text }) => text.test(message));
  return rule === undefined ? undefined : { cause: rule.cause, fix: rule.fix };
}
