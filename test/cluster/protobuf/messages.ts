/** The fields of Kubernetes' protobuf messages, by their numbers. `hack/kubernetes-protobuf.ts` makes the table. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MessageField {
  name: string;
  /** A scalar of protobuf, or the name of a message. */
  type: string;
  repeated: boolean;
}

export type Message = ReadonlyMap<number, MessageField>;

/** A line for each message: its name, and `number:name:type` of each field; `[]` marks the repeated ones. */
export const MESSAGES_FILE = join(import.meta.dirname, 'messages.txt');

/** The envelope of every object: staging/src/k8s.io/apimachinery/pkg/runtime/generated.proto. */
export const UNKNOWN_MESSAGE = 'k8s.io.apimachinery.pkg.runtime.Unknown';

/** The message of a kind; the core group is ''. */
export function messageName(group: string, version: string, kind: string): string {
  if (group === 'meta') return `k8s.io.apimachinery.pkg.apis.meta.${version}.${kind}`;
  return `k8s.io.api.${group.split('.')[0] || 'core'}.${version}.${kind}`;
}

let table: ReadonlyMap<string, Message> | undefined;

/** The fields of a message; undefined when it is none that the cluster can be sent. */
export function messageFields(name: string): Message | undefined {
  table ??= new Map(
    readFileSync(MESSAGES_FILE, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [message = '', ...fields] = line.split(' ');
        return [message, new Map(fields.map(parseField))];
      }),
  );
  return table.get(name);
}

function parseField(text: string): [number, MessageField] {
  const [number = '', name = '', type = ''] = text.split(':');
  return [Number(number), { name, type: type.replace('[]', ''), repeated: type.endsWith('[]') }];
}
