import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from './diagnosis.ts';

const PREFIX =
  'Internal error occurred: failed calling webhook "probe.nginx.sidecarinjector.dev": failed to call webhook: Post "https://sidecar-injector-nginx.ns.svc:443/mutate/nginx?timeout=5s": ';

/** Texts of a real API server (reference/ops.md 1.3) and a word of the cause that must be named. */
const rows: [text: string, cause: RegExp][] = [
  [
    `${PREFIX}tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "X")`,
    /same name but another key/,
  ],
  [`${PREFIX}tls: failed to verify certificate: x509: certificate signed by unknown authority`, /does not trust/],
  [
    `${PREFIX}tls: failed to verify certificate: x509: certificate is valid for a, b, not c.ns.svc`,
    /does not name the Service/,
  ],
  [`${PREFIX}x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`, /does not name/],
  [`${PREFIX}x509: certificate has expired or is not yet valid: current time 2026 is after 2025`, /expired/],
  [`${PREFIX}remote error: tls: certificate required`, /client certificate/],
  [`${PREFIX}http: server gave HTTP response to HTTPS client`, /plain HTTP/],
  [`${PREFIX}dial tcp 10.0.0.1:443: connect: connection refused`, /nothing listens/],
  [`${PREFIX}dial tcp 10.0.0.1:443: i/o timeout`, /no answer in time/],
  [`${PREFIX}context deadline exceeded`, /no answer in time/],
  [`${PREFIX}EOF`, /connection broke/],
  [`${PREFIX}service "sidecar-injector-nginx" not found`, /Service is missing/],
  [`${PREFIX}no endpoints available for service "sidecar-injector-nginx"`, /no ready endpoint/],
  [`${PREFIX}dial tcp: lookup h: no such host`, /cannot resolve/],
  [`${PREFIX}No agent available`, /konnectivity/],
  [
    'Internal error occurred: failed calling webhook "x": could not get REST client: unable to load root certificates: unable to parse bytes as PEM block',
    /not PEM/,
  ],
  [
    'Internal error occurred: failed calling webhook "x": failed to call webhook: the server could not find the requested resource',
    /404/,
  ],
  [
    'Internal error occurred: failed calling webhook "x": failed to call webhook: the server is currently unable to handle the request',
    /503/,
  ],
  [
    'Internal error occurred: failed calling webhook "x": failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding',
    /5xx/,
  ],
  [
    'Internal error occurred: add operation does not apply: doc is missing path: "/x": missing value',
    /patch of a mutating webhook/,
  ],
  ['admission webhook "policy.example.com" denied the request: no', /refused the probe pod/],
  [
    'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "c"',
    /may not create/,
  ],
  ['namespaces "sidecar-injector-probe" not found', /does not exist/],
];
for (const [text, cause] of rows) {
  test(`diagnosis: ${text.replace(PREFIX, '').slice(0, 60)}`, () => {
    const found = diagnose(text);
    assert.match(found?.cause ?? '', cause);
    assert.notEqual(found?.fix, '');
  });
}

test('words that are not in the table get no invented cause', () => {
  assert.equal(diagnose('something else'), undefined);
});
