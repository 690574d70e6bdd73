import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import {
  certificateOf,
  injectionOf,
  modeOf,
  rolloutOf,
  selectionOf,
  templateOf,
  webhookOf,
} from '../src/api/v1alpha1/defaults.ts';
import type { SidecarInjector, SidecarInjectorSpec } from '../src/api/v1alpha1/types.ts';
import { type CustomResourceDefinition, type Version, resourceOf } from '../test/cluster/crd/index.ts';
import { validateDefinition } from '../test/cluster/crd/validate-definition.ts';
import type { KubeObject, Schema, WriteContext } from '../test/cluster/types.ts';
import { fieldErrorText } from '../test/cluster/validation.ts';
import { OVERRIDABLE } from '../src/domain/override-path.ts';
import { customResourceDefinition } from './generate-crds.ts';

const root = resolve(import.meta.dirname, '..');
const text = readFileSync(resolve(root, 'crds/sidecarinjector.dev_sidecarinjectors.yaml'), 'utf8');
const definition = parse(text, { version: '1.1' }) as CustomResourceDefinition;
const [version] = definition.spec.versions as [Version];
const resource = resourceOf(definition, version);

const SIDECAR = { name: 'sidecar', image: 'i:1' };
const SPEC = {
  selection: { namespaceSelector: { matchLabels: { inject: 'yes' } } },
  template: { containers: [SIDECAR] },
};

function injectorOf(spec: object, name = 'good'): KubeObject {
  return {
    apiVersion: 'sidecarinjector.dev/v1alpha1',
    kind: 'SidecarInjector',
    metadata: { name },
    spec: { ...SPEC, ...spec },
  };
}

/** What the API server answers to a creation: its complaints, or none. */
function complaints(object: KubeObject): string[] {
  const { object: decoded, strictErrors } = resource.decode?.(structuredClone(object)) ?? { object, strictErrors: [] };
  const created = decoded as KubeObject;
  resource.strategy.defaults?.(created);
  return [
    ...strictErrors,
    ...(resource.strategy.validateCreate?.(created, {} as WriteContext) ?? []).map((error) => fieldErrorText(error)),
  ];
}

test('the committed file is what the generator makes, small enough for client-side apply', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(customResourceDefinition)), definition);
  assert.ok(JSON.stringify(definition).length < 200_000);
});

test('the definition is one that an API server accepts', () => {
  const created = {
    ...structuredClone(definition),
    status: { storedVersions: ['v1alpha1'] },
  } as CustomResourceDefinition;
  assert.deepEqual(
    validateDefinition(created, undefined).map((error) => fieldErrorText(error)),
    [],
  );
});

test('whatever a rule may walk over has a bound, so that its estimated cost stays under the limit of the API server', () => {
  const unbounded: string[] = [];
  const walk = (schema: Schema, path: string): void => {
    // Inside of Kubernetes' own types rules read names only, which are bounded.
    if (/^spec\.template\.(containers|initContainers|volumes|appContainers\.\w+)\[\]/.test(path)) return;
    const { type } = schema;
    if (type === 'string' && schema.maxLength === undefined && schema.enum === undefined) unbounded.push(path);
    if (type === 'array' && schema.maxItems === undefined) unbounded.push(path);
    if (schema.additionalProperties !== undefined && schema.maxProperties === undefined) unbounded.push(path);
    for (const [field, property] of Object.entries(schema.properties ?? {})) walk(property, `${path}.${field}`);
    if (schema.items !== undefined) walk(schema.items, `${path}[]`);
  };
  walk(version.schema?.openAPIV3Schema?.properties?.['spec'] ?? {}, 'spec');
  assert.deepEqual(
    unbounded.filter((path) => !path.startsWith('spec.template.hostAliases[]')),
    [],
  );
  for (const list of ['containers', 'initContainers', 'volumes']) {
    const items =
      version.schema?.openAPIV3Schema?.properties?.['spec']?.properties?.['template']?.properties?.[list]?.items;
    assert.equal(items?.properties?.['name']?.maxLength, 63);
  }
});

test('the samples are accepted', () => {
  const folder = resolve(root, 'config/samples');
  const objects = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(resolve(folder, file), 'utf8'), { version: '1.1' }))
    .map((document) => document.toJS() as KubeObject)
    .filter(({ kind }) => kind === 'SidecarInjector');
  assert.ok(objects.length > 0);
  for (const object of objects) assert.deepEqual(complaints(object), [], object.metadata.name);
});

test('the API server writes the same defaults as the code fills in', () => {
  const bare = injectorOf({}) as unknown as SidecarInjector;
  const stored = structuredClone(bare);
  resource.strategy.defaults?.(stored as unknown as KubeObject);
  for (const read of [modeOf, selectionOf, templateOf, injectionOf, rolloutOf, webhookOf, certificateOf]) {
    assert.deepEqual(read(stored), read(bare), read.name);
  }
  assert.ok(JSON.stringify(stored).length > JSON.stringify(bare).length);
});

const OVERRIDE = { annotation: 'example.com/image', path: '/containers/[name=sidecar]/image', type: 'string' };

const GOOD: Record<string, object> = {
  overrides: {
    overrides: OVERRIDABLE.map(({ example, kind }, index) => ({
      annotation: `example.com/a${index}`,
      path: example,
      type: kind === 'quantity' || kind === 'integer' ? kind : 'string',
      ...(kind === 'quantity' && { min: '10m', max: 2 }),
      ...(kind === 'image' && { maxLength: 100, enum: ['a:1', 'a:2'] }),
    })),
  },
  'only a volume': { template: { volumes: [{ name: 'v', emptyDir: {} }] } },
  'only a label': { template: { metadata: { labels: { a: 'b' } } } },
  'only an env of the app': { template: { appContainers: { env: [{ name: 'A', value: 'b' }] } } },
  'native sidecars': { injection: { sidecarMode: 'Native', position: 'First' } },
  'native sidecars where the nodes can': { injection: { sidecarMode: 'Auto' } },
  'an anchor': { injection: { position: 'Before', anchor: 'app' } },
  'empty fields of later issues': {
    overrides: [],
    rollout: {},
    webhook: { existingConfiguration: '' },
    certificate: { caBundleFrom: {} },
  },
  'a rollout by number': { rollout: { mode: 'Restart', maxUnavailable: 5, maxPerMinute: 1000 } },
  'a rollout by percentage': { rollout: { mode: 'Restart', maxUnavailable: '25%' } },
  'a rollout of all at once': { rollout: { mode: 'Restart', maxUnavailable: '100%' } },
  'failurePolicy Fail': { webhook: { failurePolicy: 'Fail', timeoutSeconds: 30 } },
  'a foreign signer': { certificate: { signerName: 'clusterissuers.cert-manager.io/my-issuer' } },
  'CAs from a ConfigMap': {
    certificate: { signerName: 'example.com/signer', caBundleFrom: { configMap: { name: 'ca' } } },
  },
  'an existing configuration': { webhook: { existingConfiguration: 'x' } },
  'the signer of kubelets': { certificate: { signerName: 'kubernetes.io/kubelet-serving', duration: '24h30m' } },
  'everything about selection': {
    selection: {
      namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
      objectSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] },
      matchConditions: [{ name: 'not-jobs', expression: "!('job-name' in object.metadata.labels)" }],
      policy: 'OptOut',
      annotation: 'plain',
      statusAnnotation: 'example.com/Status_1.x',
      allowHostNetwork: true,
    },
  },
};

for (const [what, spec] of Object.entries(GOOD)) {
  test(`accepted: ${what}`, () => assert.deepEqual(complaints(injectorOf(spec)), []));
}

/** Each with the words that say the fix. */
const BAD: Record<string, [spec: Partial<Record<keyof SidecarInjectorSpec, unknown>>, says: RegExp]> = {
  'nothing to add': [{ template: {} }, /spec\.template: .*the template adds nothing: add at least one of containers/],
  'empty lists': [{ template: { containers: [], metadata: { labels: {} } } }, /the template adds nothing/],
  'two containers of one name': [
    { template: { containers: [SIDECAR, SIDECAR] } },
    /spec\.template\.containers: .*rename one/,
  ],
  'two init containers of one name': [{ template: { initContainers: [SIDECAR, SIDECAR] } }, /rename one/],
  'a container and an init container of one name': [
    { template: { containers: [SIDECAR], initContainers: [SIDECAR] } },
    /a container and an init container .* rename one/,
  ],
  'a container without name': [{ template: { containers: [{ image: 'i' }] } }, /name: Required value/],
  'a misspelt field': [{ template: { containers: [{ ...SIDECAR, imge: 'x' }] } }, /unknown field .*imge/],
  'no selector': [{ selection: {} }, /namespaceSelector: Required value/],
  'a selector that selects everything': [
    { selection: { namespaceSelector: {} } },
    /selects every namespace: name a label/,
  ],
  'In without values': [
    { selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
    /In and NotIn need values/,
  ],
  'an unknown operator': [
    { selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Equals' }] } } },
    /Unsupported value: "Equals": supported values: "DoesNotExist", "Exists", "In", "NotIn"|Unsupported value: "Equals"/,
  ],
  'an annotation that is no key': [
    { selection: { ...SPEC.selection, annotation: 'a b' } },
    /must be an annotation key/,
  ],
  'one annotation for two things': [
    { selection: { ...SPEC.selection, annotation: 'a', statusAnnotation: 'a' } },
    /two different keys/,
  ],
  'Fail with a selector that excludes only': [
    {
      selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] } },
      webhook: { failurePolicy: 'Fail' },
    },
    /failurePolicy Fail needs a namespaceSelector that says which/,
  ],
  'Before without anchor': [{ injection: { position: 'Before' } }, /need injection\.anchor/],
  'an anchor without position': [{ injection: { anchor: 'app' } }, /anchor is only for position/],
  'legacy-unknown': [
    { certificate: { signerName: 'kubernetes.io/legacy-unknown' } },
    /legacy-unknown cannot be asked for .* use sidecarinjector\.dev\/webhook-serving/,
  ],
  'a signer of client certificates': [
    { certificate: { signerName: 'kubernetes.io/kube-apiserver-client' } },
    /signs client certificates.*use sidecarinjector/,
  ],
  'a signer without path': [{ certificate: { signerName: 'example.com' } }, /must be a DNS name with a dot, a slash/],
  'a duration that is none': [{ certificate: { duration: '90d' } }, /duration must be hours, minutes and seconds/],
  'a duration that is too short': [{ certificate: { duration: '9m59s' } }, /at least 10m/],
  'renewal before the beginning': [{ certificate: { duration: '1h', renewBefore: '2h' } }, /shorter than duration/],
  'a small key': [{ certificate: { keySize: 1024 } }, /keySize/],
  'a timeout of 31 s': [{ webhook: { timeoutSeconds: 31 } }, /less than or equal to 30/],
  'an override of a security context': [
    { overrides: [{ ...OVERRIDE, path: '/containers/[name=sidecar]/securityContext/privileged' }] },
    /no pod may set this path; use one like \/containers/,
  ],
  'an override outside of the template': [
    { overrides: [{ ...OVERRIDE, path: '/spec/serviceAccountName' }] },
    /no pod may set this path/,
  ],
  "an override of a volume's source": [
    { overrides: [{ ...OVERRIDE, path: '/volumes/[name=v]/hostPath/path' }] },
    /no pod may set this path/,
  ],
  'an override of a limit as text': [
    { overrides: [{ ...OVERRIDE, path: '/containers/[name=sidecar]/resources/limits/cpu' }] },
    /needs type quantity/,
  ],
  'an override of a probe as text': [
    { overrides: [{ ...OVERRIDE, path: '/containers/[name=sidecar]/livenessProbe/periodSeconds' }] },
    /needs type integer/,
  ],
  'a bound of a text': [{ overrides: [{ ...OVERRIDE, max: 3 }] }, /min and max are for type integer and quantity/],
  'a bound that is no amount': [
    { overrides: [{ ...OVERRIDE, type: 'quantity', max: 'much' }] },
    /min and max must be numbers or quantities/,
  ],
  'an override of an annotation that is no key': [
    { overrides: [{ ...OVERRIDE, annotation: 'a b' }] },
    /must be an annotation key/,
  ],
  'two overrides of one field': [{ overrides: [OVERRIDE, { ...OVERRIDE, annotation: 'b' }] }, /Duplicate value/],
  'an override by an annotation of the template': [
    {
      template: { containers: [SIDECAR], metadata: { annotations: { 'a/b': 'c' } } },
      overrides: [{ ...OVERRIDE, annotation: 'a/b' }],
    },
    /must not listen to an annotation that the template itself sets/,
  ],
  'an override by an annotation that an override sets': [
    { overrides: [OVERRIDE, { ...OVERRIDE, annotation: 'x', path: '/metadata/annotations/example.com~1image' }] },
    /must not listen to an annotation that an override sets/,
  ],
  'an override by the annotation that asks for the sidecar': [
    { selection: { ...SPEC.selection, annotation: 'a' }, overrides: [{ ...OVERRIDE, annotation: 'a' }] },
    /an override must have an annotation of its own/,
  ],
  'rollout maxUnavailable 0': [{ rollout: { maxUnavailable: 0 } }, /a number of at least 1, or a percentage/],
  'rollout maxUnavailable 0%': [{ rollout: { maxUnavailable: '0%' } }, /a number of at least 1, or a percentage/],
  'rollout maxUnavailable 101%': [{ rollout: { maxUnavailable: '101%' } }, /a number of at least 1, or a percentage/],
  'rollout maxUnavailable as a text': [{ rollout: { maxUnavailable: '1' } }, /a number of at least 1, or a percentage/],
  'an inline CA that is no PEM': [
    { certificate: { signerName: 'example.com/signer', caBundleFrom: { inline: 'PEM' } } },
    /inline must be PEM certificates/,
  ],
  'two sources of CAs': [
    {
      certificate: {
        signerName: 'example.com/signer',
        caBundleFrom: { configMap: { name: 'a' }, secret: { name: 'b' } },
      },
    },
    /one of configMap, secret and inline/,
  ],
  "CAs for the operator's own signer": [
    { certificate: { signerName: 'sidecarinjector.dev/webhook-serving', caBundleFrom: { configMap: { name: 'a' } } } },
    /caBundleFrom is for other signers/,
  ],
  'a source of CAs without a name': [
    { certificate: { signerName: 'example.com/signer', caBundleFrom: { configMap: { key: 'ca.crt' } } } },
    /name/,
  ],
};

for (const [what, [spec, says]] of Object.entries(BAD)) {
  test(`refused: ${what}`, () => assert.match(complaints(injectorOf(spec)).join('\n'), says));
}

test('refused: a name that is too long, or has dots', () => {
  assert.deepEqual(complaints(injectorOf({}, 'a'.repeat(40))), []);
  for (const name of ['a'.repeat(41), 'a'.repeat(60), 'a.b']) {
    assert.match(complaints(injectorOf({}, name)).join(), /at most 40 characters without dots.*choose a shorter name/);
  }
});
