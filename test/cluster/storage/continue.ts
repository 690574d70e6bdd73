/** Continue tokens of lists (k8s.io/apiserver/pkg/storage/continue.go): opaque to clients, but readable. */
import { parseGoJson } from '../admission/go-json.ts';
import { badRequest } from '../status.ts';
import type { JsonObject } from '../types.ts';

// The smallest key behind a given one, as etcd ranges are written.
const JUST_AFTER = '\u0000';

export interface Continue {
  /** All pages show the state at this revision; -1 goes on with the newest state. */
  revision: number;
  /** Key of the last object of the page before. */
  after: string;
}

export function encodeContinue({ revision, after }: Continue): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `${after}${JUST_AFTER}` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** @throws StatusError 400 */
export function decodeContinue(token: string): Continue {
  const refuse = (why: string): Error => badRequest(`invalid continue token: continue key is not valid${why}`);
  const foreign = /[^\w\-]/v.exec(token);
  if (foreign) throw refuse(`: illegal base64 data at input byte ${foreign.index}`);
  let decoded: JsonObject;
  try {
    decoded = (parseGoJson(Buffer.from(token, 'base64url').toString('utf8')) ?? {}) as JsonObject;
  } catch (error) {
    throw refuse(`: ${(error as Error).message}`);
  }
  const { v, rv, start } = decoded;
  if (v !== 'meta.k8s.io/v1')
    throw refuse(`: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`);
  if (typeof rv !== 'number' || rv === 0)
    throw refuse(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw refuse(': encoded start key empty (version meta.k8s.io/v1)');
  return { revision: rv, after: start.endsWith(JUST_AFTER) ? start.slice(0, -1) : start };
}
