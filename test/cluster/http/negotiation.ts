/** Which form an answer takes (k8s.io/apiserver/pkg/endpoints/handlers/negotiation). */
import { notAcceptable } from '../status.ts';

export interface MediaType {
  /** application/json or application/yaml. */
  type: string;
  parameters: Record<string, string>;
}

/** Tables, metadata only and aggregated discovery are asked for as parameters of the media type. */
export interface Transform {
  kind: string;
  group: string;
  version: string;
}

export interface Output {
  yaml: boolean;
  as?: Transform;
}

/** What bodies may be, and what a real server names when it refuses one; answers are never protobuf here. */
export const ACCEPTED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The clauses of an Accept header, the preferred one first. */
export function parseAccept(header: string | undefined): MediaType[] {
  const clauses = (header ?? '').split(',').map((clause) => clause.trim());
  return clauses
    .filter((clause) => clause !== '')
    .map((clause) => {
      const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
      const parameters: Record<string, string> = {};
      for (const parameter of rest) {
        const [key = '', value = ''] = parameter.split('=');
        parameters[key] = value;
      }
      return { type: type.toLowerCase(), parameters };
    })
    .toSorted((a, b) => Number(b.parameters['q'] ?? 1) - Number(a.parameters['q'] ?? 1));
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === '*/*' || type === 'application/*';
}

/**
 * Picks the form of the answer.
 * @param allowed says whether the endpoint can transform into that kind.
 * @throws StatusError 406
 */
export function negotiate(accept: string | undefined, allowed: (as: Transform) => boolean): Output {
  const clauses = parseAccept(accept);
  if (clauses.length === 0) return { yaml: false };
  for (const { type, parameters } of clauses) {
    const yaml = type === 'application/yaml';
    if (!yaml && !isJson(type)) continue;
    const kind = parameters['as'];
    if (kind === undefined) return { yaml };
    const as = { kind, group: parameters['g'] ?? '', version: parameters['v'] ?? '' };
    if (allowed(as)) return { yaml, as };
  }
  throw notAcceptable(ACCEPTED);
}

/** True for the transforms that every resource offers. */
export function isObjectTransform(list: boolean): (as: Transform) => boolean {
  return ({ kind, group, version }) => {
    if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return false;
    return kind === 'Table' || kind === 'PartialObjectMetadata' || (list && kind === 'PartialObjectMetadataList');
  };
}
