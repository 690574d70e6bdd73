import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProtobuf } from './object.ts';

/** A field that holds a string or a message. */
const field = (number: number, content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content);
  const key = (number << 3) | 2;
  const varint = key < 0x80 ? [key] : [(key & 0x7f) | 0x80, key >> 7];
  return Buffer.concat([Buffer.from([...varint, bytes.length]), bytes]);
};
const int = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);

const body = (apiVersion: string, kind: string, ...message: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, Buffer.concat(message)),
  ]);

test('maps, times and empty fields become what Go makes of them in JSON', () => {
  const label = field(11, Buffer.concat([field(1, 'a'), field(2, '')]));
  const deleted = field(9, int(1, 60));
  const metadata = field(1, Buffer.concat([field(1, 'settings'), field(2, ''), label, field(8, ''), deleted]));
  const data = field(2, Buffer.concat([field(1, 'x'), field(2, 'y')]));
  assert.deepEqual(decodeProtobuf(body('v1', 'ConfigMap', metadata, data)), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', labels: { a: '' }, deletionTimestamp: '1970-01-01T00:01:00Z' },
    data: { x: 'y' },
  });
});

test('embedded structs are no level of their own, bytes are base64, and lists keep empty strings', () => {
  const source = field(19, field(1, field(1, 'defaults')));
  const volume = field(1, Buffer.concat([field(1, 'v'), field(2, source)]));
  const container = field(2, Buffer.concat([field(1, 'app'), field(4, ''), field(4, '-v')]));
  const pod = decodeProtobuf(body('v1', 'Pod', field(2, Buffer.concat([volume, container]))));
  assert.deepEqual(pod['spec'], {
    volumes: [{ name: 'v', configMap: { name: 'defaults' } }],
    containers: [{ name: 'app', args: ['', '-v'] }],
  });
  const secret = decodeProtobuf(body('v1', 'Secret', field(2, Buffer.concat([field(1, 'k'), field(2, 'hi')]))));
  assert.deepEqual(secret['data'], { k: 'aGk=' });
});

test('a zero is kept where it says something', () => {
  const spec = field(2, Buffer.concat([int(1, 0), int(5, 0)]));
  assert.deepEqual(decodeProtobuf(body('apps/v1', 'Deployment', spec))['spec'], { replicas: 0 });
});

test('what is no such message is refused', () => {
  assert.throws(() => decodeProtobuf(Buffer.from('{}')), /does not appear to be a protobuf message/);
  assert.throws(() => decodeProtobuf(body('example.com/v1', 'Widget')), /no message .*Widget is known/);
  assert.throws(() => decodeProtobuf(body('v1', 'Secret', field(12, 'x'))), /has no field 12/);
  assert.throws(() => decodeProtobuf(body('v1', 'ConfigMap').subarray(0, -1)), RangeError);
});
