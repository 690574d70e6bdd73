import { Document } from 'yaml';
import type { Output } from '../http/negotiation.ts';
import { failure } from '../status.ts';
import type { JsonObject, KubeObject, Resource } from '../types.ts';
import { partialMetadata, table } from './table.ts';

/** What an answer's form depends on. */
export interface Form {
  resource: Resource;
  output: Output;
  includeObject: string;
  now: Date;
}

function itemsOf(body: JsonObject): KubeObject[] | undefined {
  const { items } = body;
  return Array.isArray(items) ? (items as KubeObject[]) : undefined;
}

/** The body in the kind that was asked for: itself, a Table, or only metadata. Status bodies stay. @throws StatusError 406 */
export function transform(body: JsonObject, { resource, output, includeObject, now }: Form): JsonObject {
  if (body['kind'] === 'Status') return body;
  const items = itemsOf(body);
  const metadata = body['metadata'] as JsonObject;
  const { kind, version = 'v1' } = output.as ?? {};
  switch (kind) {
    case undefined:
      return items && !resource.custom ? { ...body, items: items.map(withoutType) } : body;
    case 'Table': {
      const { resourceVersion, continue: next, remainingItemCount } = metadata;
      const listMetadata = {
        resourceVersion,
        ...(next ? { continue: next } : {}),
        ...(remainingItemCount ? { remainingItemCount } : {}),
      };
      return table(items ?? [body as KubeObject], listMetadata, {
        columns: resource.columns,
        version,
        includeObject,
        now,
      });
    }
    case 'PartialObjectMetadataList':
      if (!items) throw notAcceptable('PartialObjectMetadataList, but the requested object is not a list');
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${version}`,
        metadata,
        items: items.map((item) => partialMetadata(item, version)),
      };
    default:
      if (items) throw notAcceptable('PartialObjectMetadata, but the requested object is a list');
      return { ...partialMetadata(body as KubeObject, version) };
  }
}

function notAcceptable(what: string): Error {
  return failure(406, 'NotAcceptable', `you requested ${what}`);
}

/** In lists of built-in types Go leaves the items' own kind and apiVersion empty. */
function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: KubeObject): JsonObject {
  return rest;
}

/** As sigs.k8s.io/yaml writes it. */
function yamlText(document: unknown): string {
  return new Document(document, { version: '1.1', sortMapEntries: true }).toString({ indentSeq: false, lineWidth: 0 });
}

/** The document as text, with its content type. */
export function encode(document: unknown, yaml: boolean): { contentType: string; text: string } {
  return yaml
    ? { contentType: 'application/yaml', text: yamlText(document) }
    : { contentType: 'application/json', text: `${JSON.stringify(document)}\n` };
}
