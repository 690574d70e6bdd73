/** Bodies of requests: how large they may be, and what format they are in. */
import { parse } from 'yaml';
import type { Tags } from 'yaml';
import { decodeProtobuf } from '../protobuf/object.ts';
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '../status.ts';
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

/** @throws StatusError 400 */
export function parseYaml(text: string): unknown {
  try {
    return parse(text, { schema: 'yaml-1.1', customTags: withoutTimes }) ?? {};
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}
