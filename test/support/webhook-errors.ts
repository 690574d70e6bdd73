/** What an API server says when a webhook cannot be called: every text of reference/ops.md 1.3, and what is to be made of it. */

export const CALL = 'Internal error occurred: failed calling webhook "probe.nginx.sidecarinjector.dev": ';
const POST = `${CALL}failed to call webhook: Post "https://sidecar-injector-nginx.ns.svc:443/mutate/nginx?timeout=5s": `;
const ANSWER = `${CALL}failed to call webhook: `;
const X509 = `${POST}tls: failed to verify certificate: x509: `;

/** [what the API server says, id of the diagnosis] */
export const ERROR_TEXTS: readonly (readonly [text: string, id: string])[] = [
  [
    `${X509}certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "X")`,
    'CAKeyDiffers',
  ],
  [`${X509}certificate signed by unknown authority`, 'CAUnknown'],
  [`${X509}certificate is valid for a, b, not c.ns.svc`, 'WrongNames'],
  [`${X509}cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`, 'WrongNames'],
  [`${X509}certificate relies on legacy Common Name field, use SANs instead`, 'NoNames'],
  [
    `${X509}certificate has expired or is not yet valid: current time 2026-03-01T00:00:00Z is after 2026-02-01T00:00:00Z`,
    'Expired',
  ],
  [
    `${X509}certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is before 2026-02-01T00:00:00Z`,
    'NotYetValid',
  ],
  [`${POST}remote error: tls: certificate required`, 'ClientCertificateWanted'],
  [`${POST}http: server gave HTTP response to HTTPS client`, 'PlainHTTP'],
  [`${POST}dial tcp 10.0.0.1:443: connect: connection refused`, 'ConnectionRefused'],
  [`${POST}dial tcp 10.0.0.1:443: i/o timeout`, 'Timeout'],
  [`${POST}dial tcp 10.0.0.1:443: connect: no route to host`, 'NoRoute'],
  [`${POST}context deadline exceeded`, 'Timeout'],
  [`${POST}net/http: TLS handshake timeout`, 'HandshakeTimeout'],
  [`${POST}EOF`, 'ConnectionBroke'],
  [`${POST}read tcp 10.0.0.2:5000->10.0.0.1:443: read: connection reset by peer`, 'ConnectionBroke'],
  [`${POST}write tcp 10.0.0.2:5000->10.0.0.1:443: write: broken pipe`, 'ConnectionBroke'],
  [`${POST}http: server closed idle connection`, 'ConnectionBroke'],
  [`${POST}service "sidecar-injector-nginx" not found`, 'ServiceWrong'],
  [`${POST}no service port 8443 found for service "sidecar-injector-nginx"`, 'ServiceWrong'],
  [`${POST}cannot route to service with ClusterIP "None"`, 'ServiceWrong'],
  [`${POST}no endpoints available for service "sidecar-injector-nginx"`, 'NoEndpoints'],
  [`${POST}dial tcp: lookup h: no such host`, 'NoSuchHost'],
  [`${POST}No agent available`, 'NoAgent'],
  [
    `${CALL}could not get REST client: unable to load root certificates: unable to parse bytes as PEM block`,
    'BundleNotPEM',
  ],
  [`${ANSWER}the server could not find the requested resource`, 'Answered404'],
  [`${ANSWER}the server has asked for the client to provide credentials`, 'Answered401'],
  [`${ANSWER}unknown`, 'Answered403'],
  [`${ANSWER}the server responded with the status code 413 but did not return more information`, 'Answered413'],
  [`${ANSWER}the server responded with the status code 302 but did not return more information`, 'AnsweredOther'],
  [`${ANSWER}the server has received too many requests and has asked us to try again later`, 'Answered429'],
  [`${ANSWER}the server is currently unable to handle the request`, 'Answered503'],
  [`${ANSWER}an error on the server ("unknown") has prevented the request from succeeding`, 'Answered5xx'],
  [`${ANSWER}the server rejected our request for an unknown reason`, 'AnsweredOther'],
  [`${ANSWER}0-length response with status code: 200 and content type: application/json`, 'NoReview'],
  [
    `${ANSWER}couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value`,
    'NoReview',
  ],
  [`${CALL}received invalid webhook response: expected response.uid="A", got "B"`, 'NoReview'],
  [`${CALL}received invalid webhook response: webhook response was absent`, 'NoReview'],
  [
    `${CALL}received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got v1, Kind=Pod`,
    'NoReview',
  ],
  [`${CALL}received invalid webhook response: webhook returned response.patch but not response.patchType`, 'NoReview'],
  [`${CALL}received undecodable patch in webhook response: invalid character`, 'NoReview'],
  ['Internal error occurred: add operation does not apply: doc is missing path: "/x": missing value', 'PatchMisfit'],
  ['Internal error occurred: testing value /x failed: test failed', 'PatchMisfit'],
  [
    'Internal error occurred: json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
    'PatchMisfit',
  ],
  ['admission webhook "policy.example.com" denied the request: no', 'WebhookDenied'],
  ['admission webhook "policy.example.com" denied the request without explanation', 'WebhookDenied'],
  [
    `pods "x" is forbidden: expression 'object.metadata.labels.a == "b"' resulted in error: no such key: labels`,
    'MatchCondition',
  ],
  // Beyond the table: what a probe pod may meet on its way.
  [
    `pods "x" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'all' denied request: image not allowed`,
    'PolicyDenied',
  ],
  ['pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation', 'PodSecurity'],
  ['pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1', 'Quota'],
  [
    'pods "x" is forbidden: error looking up service account sidecar-injector-probe/default: serviceaccount "default" not found',
    'NoServiceAccount',
  ],
  [
    'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "c"',
    'MayNotProbe',
  ],
  [
    'pods "x" is forbidden: unable to create new content in namespace sidecar-injector-probe because it is being terminated',
    'NamespaceEnds',
  ],
  ['namespaces "sidecar-injector-probe" not found', 'NoProbeNamespace'],
  ['the probe pod came back without the sidecar: the API server did not call the webhook', 'NotCalled'],
  [
    `Internal error occurred: failed calling webhook "istio.example.com": failed to call webhook: Post "https://istiod": context deadline exceeded`,
    'OtherWebhook',
  ],
];
