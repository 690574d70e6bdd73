/**
 * Reads the objects that clients send as protobuf: kubectl does from 1.33 on, for built-in types. Answers are JSON, which
 * the same clients accept.
 */
import { builtinSchema } from '../schema/builtin.ts';
import type { JsonObject, Schema } from '../types.ts';
import { messageFields, messageName, UNKNOWN_MESSAGE } from './messages.ts';
import { wireFields } from './wire.ts';

/** staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go */
const MAGIC = Buffer.from('k8s\0');

/** Messages whose JSON is not an object of their fields. */
const forms: Record<string, (message: JsonObject) => unknown> = {
  Time: (time) => instant(time, 0),
  MicroTime: (time) => instant(time, 6),
  FieldsV1: ({ raw }) => embedded(raw),
  RawExtension: ({ raw }) => embedded(raw),
  Quantity: ({ string }) => string,
  IntOrString: ({ type, intVal = 0, strVal = '' }) => (type === 1 ? strVal : intVal),
  ExtraValue: ({ items }) => items ?? [],
};

/**
 * Fields of Go's pointer types, in which a zero says something. The wire does not tell them from plain fields, which are
 * always sent; what those have nothing in is left out, as JSON does it ("omitempty").
 */
const ZERO_COUNTS = new Set(
  'replicas parallelism completions backoffLimit suspend minAvailable maxUnavailable automountServiceAccountToken'
    .concat(' allowPrivilegeEscalation terminationGracePeriodSeconds runAsUser')
    .split(' '),
);

/** The object in a body. @throws Error when it is none, or has a field that the table does not know */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const envelope = decodeMessage(body.subarray(MAGIC.length), UNKNOWN_MESSAGE, undefined);
  const { typeMeta, raw = '' } = envelope as { typeMeta?: { apiVersion?: string; kind?: string }; raw?: string };
  const { apiVersion = '', kind = '' } = typeMeta ?? {};
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const isOptions = kind === 'DeleteOptions';
  const name = messageName(isOptions ? 'meta' : group, isOptions ? 'v1' : version, kind);
  const bytes = Buffer.from(raw, 'base64');
  return { apiVersion, kind, ...decodeMessage(bytes, name, builtinSchema(group, version, kind)) };
}

function decodeMessage(bytes: Buffer, name: string, schema: Schema | undefined): JsonObject {
  const fields = messageFields(name);
  if (fields === undefined) throw new Error(`no message ${name} is known`);
  const object: JsonObject = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = fields.get(number);
    if (field === undefined) throw new Error(`${name} has no field ${number}`);
    const property = schema?.properties?.[field.name];
    if (schema?.properties !== undefined && property === undefined && messageFields(field.type) !== undefined) {
      // Embedded in Go: its fields are fields of this object.
      Object.assign(object, decodeValue(value, field.type, schema));
      continue;
    }
    const read = decodeValue(value, field.type, property?.items ?? property);
    const before = object[field.name];
    if (field.type.endsWith('Entry'))
      object[field.name] = { ...(before as JsonObject), ...entryOf(read as JsonObject) };
    else if (field.repeated) object[field.name] = [...((before as unknown[] | undefined) ?? []), read];
    else if (!isNothing(read) || ZERO_COUNTS.has(field.name)) object[field.name] = read;
  }
  return object;
}

function entryOf({ key = '', value = '' }: JsonObject): JsonObject {
  return { [key as string]: value };
}

function decodeValue(value: bigint | Buffer, type: string, schema: Schema | undefined): unknown {
  if (typeof value === 'bigint') return type === 'bool' ? value !== 0n : Number(BigInt.asIntN(64, value));
  if (type === 'string') return value.toString('utf8');
  if (type === 'bytes') return value.toString('base64');
  if (type === 'double') return value.readDoubleLE();
  const message = decodeMessage(value, type, schema);
  const form = forms[type.split('.').at(-1) ?? ''];
  return form === undefined ? message : form(message);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || value === false;
}

/** RFC 3339 with that many decimals; undefined for Go's zero time, which is sent as nothing. */
function instant({ seconds, nanos = 0 }: JsonObject, decimals: number): string | undefined {
  if (seconds === undefined) return undefined;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -'.000Z'.length);
  const fraction = decimals === 0 ? '' : `.${String(nanos).padStart(9, '0').slice(0, decimals)}`;
  return `${whole}${fraction}Z`;
}

function embedded(base64: unknown): unknown {
  return JSON.parse(Buffer.from(String(base64), 'base64').toString('utf8')) as unknown;
}
