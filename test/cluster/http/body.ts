/** Bodies of requests: how large they may be, and what format they are in. */
import { LineCounter, parseAllDocuments } from 'yaml';
import type { Tags } from 'yaml';
import { decodeProtobuf } from '../protobuf/object.ts';
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '../status.ts';
import { duplicateErrors } from '../schema/decode.ts';
import type { JsonObject } from '../types.ts';
import { ACCEPTED } from './negotiation.ts';

/** k8s.io/apiserver/pkg/server/config.go MaxRequestBodyBytes */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Reads a whole body. @throws StatusError 413 */
export async function readBody(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** `application/json; charset=utf-8` without its parameters. */
export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/**
 * The body as JSON text; YAML and protobuf are converted. No content type means JSON.
 * @throws StatusError 400, 415
 */
export function bodyText(contentType: string, body: Buffer): string {
  const type = mediaType(contentType);
  const text = body.toString('utf8');
  switch (type) {
    case '':
    case '*/*':
    case 'application/json':
      return text;
    case 'application/yaml':
      return JSON.stringify(parseYaml(text));
    case 'application/vnd.kubernetes.protobuf':
      return JSON.stringify(parseProtobuf(body));
    default:
      throw unsupportedMediaType(ACCEPTED);
  }
}

/** @throws StatusError 400 */
function parseProtobuf(body: Buffer): unknown {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** sigs.k8s.io/yaml keeps what looks like a time as it is written. */
function withoutTimes(tags: Tags): Tags {
  const isTime = (tag: Tags[number]): boolean =>
    typeof tag !== 'string' &&
    (tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME'));
  return tags.filter((tag) => !isTime(tag));
}

const undecodable = (why: string): Error => badRequest(`error decoding YAML: ${why}`);

/** What clients in a hurry send as YAML is often JSON, which is read much faster and means the same. */
function asJson(text: string): JsonObject | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}

/** The first document of a text; of equal keys the last counts. @throws StatusError 400 */
export function parseYaml(text: string): unknown {
  const json = asJson(text);
  if (json !== undefined) return json;
  const [document] = parseAllDocuments(text, { schema: 'yaml-1.1', customTags: withoutTimes, uniqueKeys: false });
  if (document === undefined) return {};
  const [error] = document.errors;
  if (error) throw undecodable(error.message);
  try {
    return document.toJS() ?? {};
  } catch (failed) {
    throw undecodable((failed as Error).message);
  }
}

/** A text that is an object. @throws StatusError 400 */
export function parseYamlObject(text: string): JsonObject {
  const value = parseYaml(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  const type = Array.isArray(value) ? 'array' : typeof value;
  const problem = `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
  throw undecodable(`error unmarshaling JSON: while decoding JSON: ${problem}`);
}

/** Keys that come twice, as sigs.k8s.io/yaml tells of them. */
export function duplicateYamlKeys(text: string): string[] {
  if (asJson(text) !== undefined && duplicateErrors(text).length === 0) return [];
  const lines = new LineCounter();
  const [document] = parseAllDocuments(text, { lineCounter: lines });
  return (document?.errors ?? [])
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [at] }) => {
      const key = /^[^:\n]*/v.exec(text.slice(at))?.[0].trim() ?? '';
      return `line ${lines.linePos(at).line}: key ${JSON.stringify(key)} already set in map`;
    });
}
