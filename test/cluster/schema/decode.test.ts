import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubernetesSchema } from '../../../hack/kubernetes-types.ts';
import { DecodeError, decodeStrict } from './decode.ts';

const configMap = kubernetesSchema('', 'v1', 'ConfigMap') ?? {};
const deployment = kubernetesSchema('apps', 'v1', 'Deployment') ?? {};
const secret = kubernetesSchema('', 'v1', 'Secret') ?? {};

void test('unknown fields are named in order and dropped', () => {
  const { object, strictErrors } = decodeStrict(
    { metadata: { name: 'a', foo: 'bar' }, data: { a: '1' }, extra: true },
    configMap,
  );
  assert.deepEqual(strictErrors, ['unknown field "metadata.foo"', 'unknown field "extra"']);
  assert.deepEqual(object, { metadata: { name: 'a' }, data: { a: '1' } });
  const nested = { spec: { template: { spec: { containers: [{ name: 'a', imagePullSecret: 'x' }] } } } };
  assert.deepEqual(decodeStrict(nested, deployment).strictErrors, [
    'unknown field "spec.template.spec.containers[0].imagePullSecret"',
  ]);
});

void test('the last of two equal fields counts, and is named', () => {
  const { object, strictErrors } = decodeStrict('{"data": {"a":"1", "b": ["{\\"a\\":1"], "a":"2"}}', {
    ...configMap,
    properties: {},
    'x-kubernetes-preserve-unknown-fields': true,
  });
  assert.deepEqual(strictErrors, ['duplicate field "data.a"']);
  assert.deepEqual(object, { data: { a: '2', b: ['{"a":1'] } });
});

const mistakes: [unknown, string][] = [
  [
    { spec: { replicas: '1' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [{ spec: 'x' }, 'json: cannot unmarshal string into Go struct field Deployment.spec of type v1.DeploymentSpec'],
  [
    { spec: { template: { spec: { containers: [{ env: [{ value: 1 }] }] } } } },
    'json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
  ],
  [
    { spec: { replicas: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
];
for (const [value, message] of mistakes) {
  void test(message, () =>
    assert.throws(
      () => decodeStrict(value as Record<string, unknown>, deployment),
      (error) => error instanceof DecodeError && error.message === message,
    ),
  );
}

void test('base64 and quantities are read', () => {
  assert.throws(() => decodeStrict({ data: { a: '%%%' } }, secret), /illegal base64 data at input byte 0/);
  assert.throws(() => decodeStrict({ data: { a: 'abc' } }, secret), /illegal base64 data at input byte/);
  assert.deepEqual(decodeStrict({ data: { a: 'YQ==' } }, secret).object, { data: { a: 'YQ==' } });
  const pod = kubernetesSchema('', 'v1', 'Pod') ?? {};
  assert.throws(() => decodeStrict({ spec: { overhead: { cpu: 'much' } } }, pod), /quantities must match/);
});

void test('a time that is none is named', () => {
  const value = { metadata: { creationTimestamp: 'yesterday' } };
  const message = 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"';
  assert.throws(() => decodeStrict(value, configMap), { message });
});
