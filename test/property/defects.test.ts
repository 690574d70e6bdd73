/**
 * The twenty defects that were found in other injectors (reference/injectors.md, "Defects found"), D1 to D20, each by its
 * name. One that this language or design makes unlikely is stated as the property that it broke.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { parseAllDocuments } from 'yaml';
import { mutate } from '../../src/admission/mutate.ts';
import type { JsonObject, SidecarInjector, SidecarInjectorSpec, Template } from '../../src/api/v1alpha1/types.ts';
import { decide } from '../../src/domain/decide.ts';
import { inject } from '../../src/domain/inject.ts';
import { at, mapAt, objectsAt } from '../../src/domain/json.ts';
import type { Operation } from '../../src/domain/patch.ts';
import { driftOf } from '../../src/domain/plan-drift.ts';
import { desiredWebhookConfiguration } from '../../src/domain/plan-objects.ts';
import { templateRevision } from '../../src/domain/revision.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { ANNOTATION, STATUS_ANNOTATION, injector, names, pod, requestFor, reviewRequest } from '../testdata/samples.ts';

const sidecar = { name: 'sidecar', image: 's:1' };
const templated = (template: Template, injection: SidecarInjectorSpec['injection'] = {}): SidecarInjector =>
  injector({ template, injection });

/** What the API server makes of the answer: the bytes of the patch, applied by a library that is not ours. */
function applied(before: JsonObject, operations: readonly Operation[]): JsonObject {
  const patch = JSON.parse(JSON.stringify(operations)) as jsonPatch.Operation[];
  return jsonPatch.applyPatch(structuredClone(before), patch, true, false).newDocument;
}

/** The pod as it runs after one call of the webhook. */
function admitted(before: JsonObject, by: SidecarInjector): JsonObject {
  return applied(before, mutate(requestFor(before), by, {}).answer.operations);
}

const optOut = (spec: Partial<SidecarInjectorSpec> = {}): SidecarInjector => {
  const plain = injector(spec);
  return { ...plain, spec: { ...plain.spec, selection: { ...plain.spec.selection, policy: 'OptOut' } } };
};

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach((item) => frozen(item));
  return Object.freeze(value);
}

test('D1 parents that are absent are created, so that the patch applies', () => {
  const bare = { spec: { containers: [{ name: 'app', image: 'a' }] } };
  const result = admitted(
    bare,
    optOut({ template: { ...injector().spec.template, metadata: { labels: { a: 'b' } } } }),
  );
  assert.deepEqual(names(result, 'volumes'), ['nginx-conf']);
  assert.equal(at(result, ['metadata', 'labels', 'a']), 'b');
  assert.equal(typeof at(result, ['metadata', 'annotations', STATUS_ANNOTATION]), 'string');
});

test("D2 no annotation of the user's is lost", () => {
  const annotations = { [ANNOTATION]: 'true', 'example.com/a': '1', 'prometheus.io/scrape': 'true' };
  const result = admitted(pod({}, { annotations }), injector());
  const { [STATUS_ANNOTATION]: status, ...rest } = mapAt(result, ['metadata', 'annotations']);
  assert.deepEqual(rest, annotations);
  assert.equal(typeof status, 'string');
});

test('D3 two volumes for a pod without any are both there', () => {
  const volumes = ['a', 'b'].map((name) => ({ name, emptyDir: {} }));
  for (const empty of [{}, { volumes: [] }, { volumes: null }]) {
    assert.deepEqual(names(admitted(pod(empty), templated({ containers: [sidecar], volumes })), 'volumes'), ['a', 'b']);
  }
});

const NASTY = 'a"b\\c\nd/e~f{{g}}$(H)\u2028","x":{"';

test('D4 a value with quotes, newlines and braces arrives as it is', () => {
  const container = { ...sidecar, env: [{ name: 'X', value: NASTY }], args: [NASTY] };
  const result = admitted(pod(), templated({ containers: [container], metadata: { annotations: { 'k/e~y': NASTY } } }));
  assert.deepEqual(at(result, ['spec', 'containers', 1]), container);
  assert.equal(at(result, ['metadata', 'annotations', 'k/e~y']), NASTY);
});

test('D5 everything that the YAML of an injector says arrives: volume mounts and the sources of volumes', () => {
  const file = readFileSync(new URL('../../config/samples/nginx.yaml', import.meta.url), 'utf8');
  const [sample] = parseAllDocuments(file)
    .map((document) => document.toJS() as JsonObject)
    .filter(({ kind }) => kind === 'SidecarInjector') as unknown as [SidecarInjector];
  const result = admitted(pod(), sample);
  assert.deepEqual(at(result, ['spec', 'containers', 1]), sample.spec.template.containers?.[0]);
  assert.deepEqual(at(result, ['spec', 'volumes']), sample.spec.template.volumes);
  assert.ok(sample.spec.template.volumes?.every((volume) => Object.keys(volume).length > 1));
});

test('D6 fields of newer versions of Kubernetes are not stripped', () => {
  const future = { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] };
  const theirs = pod({ futureField: { a: [1] }, containers: [{ name: 'app', image: 'a', ...future }] });
  const result = admitted(theirs, injector());
  assert.deepEqual(at(result, ['spec', 'futureField']), { a: [1] });
  assert.deepEqual(at(result, ['spec', 'containers', 0]), { name: 'app', image: 'a', ...future });
});

test('D7 the counter of injections counts injections only, and all counters sum up to the requests', async () => {
  const metrics = new Metrics({ defaults: false });
  metrics.startInjector('nginx');
  const clash = pod({ containers: [{ name: 'sidecar-nginx', image: 'theirs' }] });
  const requests = [pod(), pod({}, { annotations: {} }), clash, pod({ containers: 'x' }), pod({ hostNetwork: true })];
  for (const object of requests) {
    const { action, reason } = mutate(requestFor(object), injector(), {}).decision;
    metrics.admission.decided({ injector: 'nginx', action, reason, dryRun: false, seconds: 0 });
  }
  const { body } = await metrics.text();
  const series = body.split('\n').filter((line) => /_admission_decisions_total\{/.test(line));
  const count = (pattern: RegExp): number =>
    series.filter((line) => pattern.test(line)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  assert.equal(count(/./), requests.length);
  assert.equal(count(/decision="Inject"/), 1);
  assert.equal(count(/reason="injected"/), 1);
});

test('D8 the second call sees the patched pod, and would notice what is missing', () => {
  const once = admitted(pod(), injector());
  const again = mutate(requestFor(once), injector(), {});
  assert.equal(again.decision.reason, 'already_injected');
  assert.deepEqual(again.answer.operations, []);
  for (const list of ['containers', 'volumes'] as const) {
    const robbed = structuredClone(once) as { spec: Record<string, unknown[]> };
    robbed.spec[list]?.pop();
    const { decision } = mutate(requestFor(robbed), injector(), {});
    assert.equal(decision.reason, 'injected', `a lost item of ${list} must be noticed`);
    assert.deepEqual(names(applied(robbed, decision.operations), list), names(once, list));
  }
});

test('D9 a pod without name, as workloads make them, is injected', () => {
  const request = reviewRequest('deployment');
  assert.equal(request.name, '');
  assert.equal(at(request.object, ['metadata', 'name']), undefined);
  assert.equal(decide(request, injector()).reason, 'injected');
});

test('D10 a patch that fails in the making is an error of ours, and no part of it is answered', () => {
  const broken = injector();
  Object.defineProperty(broken.spec, 'template', {
    get: () => {
      throw new Error('cannot be read');
    },
  });
  assert.throws(() => mutate(requestFor(pod()), broken, {}), /cannot be read/);
  // Ours are proved before they are answered: an operation on a path that is not there never gets out.
  const misshapen = requestFor(pod({ volumes: 'not a list' }));
  assert.deepEqual(mutate(misshapen, injector(), {}).answer.operations, []);
});

test('D11 a dry run gets the same patch, and nothing is written anywhere', () => {
  const request = frozen(requestFor(pod()));
  const wet = mutate(request, frozen(injector()), frozen({}));
  const dry = mutate(frozen({ ...request, dryRun: true }), frozen(injector()), frozen({}));
  assert.deepEqual(dry.answer, wet.answer);
  const { webhooks } = desiredWebhookConfiguration(injector(), OPERATOR, 'PEM') as unknown as Configuration;
  for (const { sideEffects } of webhooks) assert.equal(sideEffects, 'None');
});

const OPERATOR = { namespace: 'sidecar-injector-system', webhookPort: 9443 };
interface Configuration {
  webhooks: { clientConfig: { caBundle: string }; sideEffects: string }[];
}

test('D12 every entry of the webhook configuration has the caBundle, not the first alone', () => {
  const wanted = desiredWebhookConfiguration(injector(), OPERATOR, 'new');
  const { webhooks } = structuredClone(wanted) as unknown as Configuration;
  assert.ok(webhooks.length > 1);
  for (const [index, { clientConfig }] of webhooks.entries()) {
    assert.equal(Buffer.from(clientConfig.caBundle, 'base64').toString(), 'new');
    const stale = structuredClone(wanted) as unknown as Configuration;
    const entry = stale.webhooks[index];
    assert.ok(entry);
    entry.clientConfig.caBundle = Buffer.from('old').toString('base64');
    assert.notEqual(driftOf(wanted, stale as unknown as JsonObject), undefined, `entry ${index} is not looked at`);
  }
});

test('D13 a status annotation that a user wrote dodges nothing', () => {
  const forged = { [ANNOTATION]: 'true', [STATUS_ANNOTATION]: `injected@${templateRevision(injector())}` };
  const result = admitted(pod({}, { annotations: forged }), injector());
  assert.deepEqual(names(result, 'containers'), ['app', 'sidecar-nginx']);
});

test("D14 an app's container is never replaced in silence by a sidecar of its name", () => {
  const theirs = pod({ containers: [{ name: 'sidecar', image: 'theirs:1' }] });
  for (const onConflict of ['Skip', 'Replace', 'Reject'] as const) {
    const { decision, answer } = mutate(requestFor(theirs), templated({ containers: [sidecar] }, { onConflict }), {});
    const told = [...answer.warnings, answer.denial ?? ''].join('\n');
    assert.match(told, /the name sidecar is taken by another container/, onConflict);
    const after = applied(theirs, decision.operations);
    const expected = onConflict === 'Replace' ? sidecar : { name: 'sidecar', image: 'theirs:1' };
    assert.deepEqual(at(after, ['spec', 'containers', 0]), expected);
  }
});

test('D15 the revision covers all that ends up in a pod: volumes, init containers, metadata, pull secrets', () => {
  const { template } = injector().spec;
  const others: Template[] = [
    { ...template, volumes: [{ name: 'nginx-conf', configMap: { name: 'other' } }] },
    { ...template, initContainers: [{ name: 'setup' }] },
    { ...template, metadata: { labels: { a: 'b' } } },
    { ...template, metadata: { annotations: { a: 'b' } } },
    { ...template, imagePullSecrets: [{ name: 'a' }] },
    { ...template, hostAliases: [{ ip: '10.0.0.1' }] },
    { ...template, appContainers: { envFrom: [{ secretRef: { name: 'a' } }] } },
  ];
  const revisions = [template, ...others].map((changed) => templateRevision(templated(changed)));
  assert.equal(new Set(revisions).size, others.length + 1);
});

test('D16 a namespace is excluded by the request, as the pod may not say its namespace', () => {
  for (const metadata of [{}, { namespace: '' }, { namespace: 'shop' }]) {
    assert.equal(decide(requestFor(pod({}, metadata), 'kube-system'), injector()).reason, 'namespace_excluded');
  }
  assert.equal(decide(requestFor(pod({}, { namespace: 'kube-system' }), 'shop'), injector()).reason, 'injected');
});

test("D17 a native sidecar starts before the pod's init containers, which may need its network", () => {
  const theirs = pod({ initContainers: [{ name: 'migrate', image: 'm' }] });
  const made = admitted(theirs, templated({ containers: [sidecar] }, { sidecarMode: 'Native' }));
  assert.deepEqual(names(made, 'initContainers'), ['sidecar', 'migrate']);
  const given = admitted(theirs, templated({ initContainers: [{ ...sidecar, restartPolicy: 'Always' }] }));
  assert.deepEqual(names(given, 'initContainers'), ['sidecar', 'migrate']);
});

test('D18 atomic fields are set as a whole: command, args, fieldRef, projected sources', () => {
  const container = {
    ...sidecar,
    command: ['/bin/proxy'],
    args: ['--a', '--b'],
    env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    securityContext: { capabilities: { drop: ['ALL'] } },
  };
  const sources = [{ serviceAccountToken: { audience: 'mesh', path: 'token' } }, { configMap: { name: 'ca' } }];
  const template = { containers: [container], volumes: [{ name: 'token', projected: { sources } }] };
  const result = admitted(pod(), templated(template));
  assert.deepEqual(objectsAt(result, ['spec', 'containers'])[1], container);
  assert.deepEqual(at(result, ['spec', 'volumes', 0, 'projected', 'sources']), sources);
});

/** Annotations of a user that try to break out of wherever they are put. */
const EXPLOITS = [
  '1\n  - name: evil\n    image: evil:1',
  '1"}]}},{"op":"add","path":"/spec/hostPID","value":true},{"a":"',
  '{{ .Values.secret }}{{ range }}',
  '${process.env.HOME}$(id)`id`',
];

test('D19 a newline in an annotation adds no container', () => {
  for (const value of EXPLOITS) {
    const annotations = { [ANNOTATION]: 'true', 'sidecar/cpu': value, [STATUS_ANNOTATION]: value };
    const result = admitted(pod({}, { annotations }), injector());
    assert.deepEqual(names(result, 'containers'), ['app', 'sidecar-nginx']);
    assert.equal(at(result, ['spec', 'hostPID']), undefined);
  }
});

test('D20 no annotation is ever evaluated: what is not on the allow-list changes nothing', () => {
  const plain = inject(pod(), injector());
  for (const value of EXPLOITS) {
    const annotations = { [ANNOTATION]: 'true', 'sidecar/image': value, 'agent-json-patch': value };
    const { operations } = inject(pod({}, { annotations }), injector());
    assert.deepEqual(operations, plain.operations);
  }
});
