/** What is kept as golden files: one case for every reason code and for every feature of injection, by file name. */
import type { JsonObject, SidecarInjector, SidecarInjectorSpec, Template } from '../../src/api/v1alpha1/types.ts';
import type { DecisionContext, NamespaceFacts } from '../../src/domain/decide.ts';
import { inject } from '../../src/domain/inject.ts';
import type { AdmissionRequest } from '../../src/domain/request.ts';
import { ANNOTATION, injector, pod, requestFor, reviewRequest } from '../testdata/samples.ts';

export interface GoldenCase {
  request: AdmissionRequest;
  /** Left out: no such injector is served. */
  injector?: SidecarInjector;
  namespace?: NamespaceFacts;
  context?: DecisionContext;
}

const sidecar = { name: 'proxy', image: 'proxy:1', ports: [{ containerPort: 15001 }] };
const plain = injector();
const asking = (annotations: Record<string, string>, spec: JsonObject = {}): AdmissionRequest =>
  requestFor(pod(spec, { annotations }));
const usual = (spec: JsonObject = {}, metadata: JsonObject = {}): AdmissionRequest => requestFor(pod(spec, metadata));
const templated = (template: Template, more: Partial<SidecarInjectorSpec> = {}): SidecarInjector =>
  injector({ template, ...more });
const conflicting = (onConflict: 'Skip' | 'Replace' | 'Reject'): SidecarInjector =>
  injector({ injection: { onConflict } });
const clash = usual({ containers: [{ name: 'sidecar-nginx', image: 'theirs:1' }] });
const app = { name: 'app', image: 'app:1' };
const native = templated({ containers: [sidecar] }, { injection: { sidecarMode: 'Native' } });
const auto = templated({ containers: [sidecar] }, { injection: { sidecarMode: 'Auto' } });
const override = {
  annotation: 'proxy/cpu',
  path: '/containers/[name=proxy]/resources/limits/cpu',
  type: 'quantity',
} as const;
const overridable = templated({ containers: [sidecar] }, { overrides: [{ ...override, max: 2 }] });
const job = { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true }] };
const forApp = templated({
  containers: [sidecar],
  volumes: [{ name: 'shared', emptyDir: {} }],
  appContainers: {
    names: ['app*'],
    env: [{ name: 'PROXY', value: 'localhost:15001' }],
    envFrom: [{ configMapRef: { name: 'proxy' } }],
    volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
  },
});
const placed = (position: 'First' | 'Before' | 'After', anchor?: string): SidecarInjector =>
  templated({ containers: [sidecar] }, { injection: { position, ...(anchor !== undefined && { anchor }) } });

export const GOLDEN_CASES: Record<string, GoldenCase> = {
  injected: { request: usual(), injector: plain },
  'injected-from-a-real-api-server': { request: reviewRequest('optin-true'), injector: plain },
  'injected-for-a-deployment': { request: reviewRequest('deployment'), injector: plain },
  'already-injected': { request: requestFor(inject(pod(), plain).pod), injector: plain },
  'pod-not-need': { request: reviewRequest('optin-false'), injector: plain },
  'pod-not-asked': { request: reviewRequest('bare'), injector: plain },
  'misspelt-annotation': { request: asking({ [ANNOTATION.replace('_', '-')]: 'true' }), injector: plain },
  'unreadable-annotation': { request: asking({ [ANNOTATION]: 'perhaps' }), injector: plain },
  'would-inject': { request: usual(), injector: injector({ mode: 'Audit' }) },
  paused: { request: usual(), injector: injector({ mode: 'Paused' }) },
  'namespace-excluded': { request: requestFor(pod(), 'kube-system'), injector: plain },
  'namespace-not-selected': { request: usual(), injector: plain, namespace: { labels: { team: 'a' } } },
  'object-not-selected': {
    request: usual(),
    injector: injector({ selection: { ...plain.spec.selection, objectSelector: { matchLabels: { app: 'shop' } } } }),
  },
  'not-pod-creation': { request: { ...usual(), operation: 'UPDATE' }, injector: plain },
  'mirror-pod': { request: asking({ 'kubernetes.io/config.mirror': 'x', [ANNOTATION]: 'true' }), injector: plain },
  'host-network': { request: usual({ hostNetwork: true }), injector: plain },
  'pod-malformed': { request: usual({ containers: 'none' }), injector: plain },
  'conflict-skipped': { request: clash, injector: conflicting('Skip') },
  'conflict-rejected': { request: clash, injector: conflicting('Reject') },
  'conflict-replaced': { request: clash, injector: conflicting('Replace') },
  'conflict-of-ports': {
    request: usual({ containers: [{ ...app, ports: [{ containerPort: 18080 }] }] }),
    injector: conflicting('Replace'),
  },
  'conflict-of-mounts': {
    request: usual({ containers: [{ ...app, volumeMounts: [{ name: 'own', mountPath: '/shared' }] }] }),
    injector: forApp,
  },
  'conflict-of-variables': {
    request: usual({ containers: [{ ...app, env: [{ name: 'PROXY', value: 'mine' }] }] }),
    injector: forApp,
  },
  'unknown-injector': { request: usual() },
  'app-containers': { request: usual({ containers: [app, { name: 'other', image: 'o:1' }] }), injector: forApp },
  native: { request: usual({ initContainers: [{ name: 'migrate', image: 'm:1' }] }), injector: native },
  'auto-with-new-nodes': { request: usual(), injector: auto, context: { nativeSidecars: true } },
  'auto-with-old-nodes': { request: usual(), injector: auto, context: { nativeSidecars: false } },
  'job-with-plain-sidecar': { request: usual({}, job), injector: plain },
  'position-first': { request: usual(), injector: placed('First') },
  'position-before': {
    request: usual({ containers: [app, { name: 'b', image: 'b' }] }),
    injector: placed('Before', 'b'),
  },
  'position-after': {
    request: usual({ containers: [app, { name: 'b', image: 'b' }] }),
    injector: placed('After', 'app'),
  },
  'position-without-its-anchor': { request: usual(), injector: placed('After', 'absent') },
  override: { request: asking({ [ANNOTATION]: 'true', 'proxy/cpu': '1500m' }), injector: overridable },
  'override-out-of-bounds': { request: asking({ [ANNOTATION]: 'true', 'proxy/cpu': '3' }), injector: overridable },
  metadata: {
    request: usual({}, { labels: { tier: 'theirs' } }),
    injector: templated({ metadata: { labels: { tier: 'ours', 'a/b': '1' }, annotations: { 'k~l/m': 'x' } } }),
  },
  'pull-secrets-and-host-aliases': {
    request: usual({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }] }),
    injector: templated({
      imagePullSecrets: [{ name: 'registry' }],
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['a', 'b'] }],
    }),
  },
};
