/**
 * The rules of the CRD for a SidecarInjector as far as they are cheap to check without an API server: shapes, fields that
 * must be there, words of choice, and the CEL rules. Fields of containers and volumes are left to the API server.
 */
import { API_VERSION, MAX_NAME_LENGTH } from '../api/v1alpha1/names.ts';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at, mapAt, member, objectsAt } from '../domain/json.ts';
import { anything, boolean, choice, integer, list, map, object, type Rule, text } from './shape-rules.ts';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const ANNOTATION_KEY =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const texts = map(text());
const named = (more: Record<string, Rule> = {}): Rule =>
  object({ name: text({ pattern: NAME, max: 253 }), ...more }, ['name'], 'open');
const mounts = list(object({ name: text(), mountPath: text() }, ['name', 'mountPath'], 'open'));
const environment = list(object({ name: text() }, ['name'], 'open'));
const sources = list(object({}, [], 'open'));
const ports = list(object({ containerPort: integer(1, 65_535), protocol: text() }, ['containerPort'], 'open'));
const container = named({
  image: text(),
  restartPolicy: text(),
  command: list(text()),
  args: list(text()),
  env: environment,
  envFrom: sources,
  ports,
  volumeMounts: mounts,
});

const labelSelector = object({
  matchLabels: texts,
  matchExpressions: list(
    object({ key: text(), operator: choice('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(text()) }, [
      'key',
      'operator',
    ]),
  ),
});

const condition = object({ name: text({ min: 1 }), expression: text({ min: 1 }) }, ['name', 'expression']);
const annotation = text({ pattern: ANNOTATION_KEY, max: 317 });

const spec = object(
  {
    mode: choice('Enforce', 'Audit', 'Paused'),
    selection: object(
      {
        namespaceSelector: labelSelector,
        objectSelector: labelSelector,
        matchConditions: list(condition),
        policy: choice('OptIn', 'OptOut'),
        annotation,
        statusAnnotation: annotation,
        allowHostNetwork: boolean,
      },
      ['namespaceSelector'],
    ),
    template: object({
      metadata: object({ labels: texts, annotations: texts }),
      initContainers: list(container),
      containers: list(container),
      volumes: list(named()),
      imagePullSecrets: list(named()),
      hostAliases: list(object({ ip: text(), hostnames: list(text()) }, ['ip'])),
      appContainers: object({ names: list(text()), env: environment, envFrom: sources, volumeMounts: mounts }),
    }),
    injection: object({
      sidecarMode: choice('Container', 'Native', 'Auto'),
      position: choice('First', 'Last', 'Before', 'After'),
      anchor: text(),
      onConflict: choice('Skip', 'Replace', 'Reject'),
    }),
    overrides: list(object({ annotation: text(), path: text(), type: text() }, ['annotation', 'path', 'type'], 'open')),
    rollout: object({}, [], 'open'),
    webhook: object({
      failurePolicy: choice('Ignore', 'Fail'),
      timeoutSeconds: integer(1, 30),
      reinvocationPolicy: choice('IfNeeded', 'Never'),
      existingConfiguration: text(),
    }),
    certificate: object({}, [], 'open'),
  },
  ['selection', 'template'],
);

const injector = object(
  {
    apiVersion: choice(API_VERSION),
    kind: text(),
    metadata: object({ name: text({ pattern: NAME, max: MAX_NAME_LENGTH }) }, ['name'], 'open'),
    spec,
    status: anything,
  },
  ['apiVersion', 'metadata', 'spec'],
);

/** What is wrong with it, a line each; empty for an injector that can be worked with. */
export function checkInjector(candidate: JsonObject): string[] {
  const problems = injector(candidate, '');
  return problems.length > 0 ? problems : RULES.flatMap((rule) => rule(mapAt(candidate, ['spec'])) ?? []);
}

const RULES: readonly ((spec: JsonObject) => string | undefined)[] = [
  (spec) =>
    isEmpty(at(spec, ['selection', 'namespaceSelector', 'matchLabels'])) &&
    isEmpty(at(spec, ['selection', 'namespaceSelector', 'matchExpressions']))
      ? 'spec.selection.namespaceSelector: an empty one selects every namespace, name a label'
      : undefined,
  (spec) => {
    const expressions = objectsAt(spec, ['selection', 'namespaceSelector', 'matchExpressions']);
    const objects = objectsAt(spec, ['selection', 'objectSelector', 'matchExpressions']);
    const wrong = [...expressions, ...objects].some((expression) => {
      const needsValues = ['In', 'NotIn'].includes(String(member(expression, 'operator')));
      return needsValues === isEmpty(member(expression, 'values'));
    });
    return wrong ? 'spec.selection: In and NotIn need values; Exists and DoesNotExist must have none' : undefined;
  },
  (spec) => {
    const { annotation, statusAnnotation } = mapAt(spec, ['selection']);
    const same = annotation !== undefined && annotation === statusAnnotation;
    return same ? 'spec.selection: annotation and statusAnnotation must be two different keys' : undefined;
  },
  (spec) => {
    const added = [
      ...['containers', 'initContainers', 'volumes', 'imagePullSecrets', 'hostAliases'].map((field) => [field]),
      ...['labels', 'annotations'].map((field) => ['metadata', field]),
      ...['env', 'envFrom', 'volumeMounts'].map((field) => ['appContainers', field]),
    ].some((path) => !isEmpty(at(spec, ['template', ...path])));
    return added ? undefined : 'spec.template: it adds nothing';
  },
  (spec) => {
    const names = [
      ...objectsAt(spec, ['template', 'containers']),
      ...objectsAt(spec, ['template', 'initContainers']),
    ].map((item) => item['name']);
    const isTwice = names.some((name, index) => names.indexOf(name) !== index);
    return isTwice ? 'spec.template: two containers have one name' : undefined;
  },
  (spec) => {
    const { position, anchor } = mapAt(spec, ['injection']);
    const besides = position === 'Before' || position === 'After';
    if (besides === !isEmpty(anchor)) return undefined;
    return 'spec.injection: position Before and After need an anchor, and an anchor needs one of them';
  },
  (spec) => {
    if (at(spec, ['webhook', 'failurePolicy']) !== 'Fail') return undefined;
    const selector = mapAt(spec, ['selection', 'namespaceSelector']);
    const positive =
      !isEmpty(member(selector, 'matchLabels')) ||
      objectsAt(selector, ['matchExpressions']).some(({ operator }) => operator === 'In' || operator === 'Exists');
    return positive
      ? undefined
      : 'spec.webhook.failurePolicy: Fail needs a namespaceSelector that says which it selects';
  },
];

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
