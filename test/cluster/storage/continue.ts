/** Continue tokens of lists (k8s.io/apiserver/pkg/storage/continue.go): opaque to clients, but readable. */
import { badRequest } from '../status.ts';

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
  try {
    const decoded = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      v?: unknown;
      rv?: unknown;
      start?: unknown;
    };
    const { v, rv, start } = decoded;
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && rv !== 0 && typeof start === 'string' && start !== '') {
      return { revision: rv, after: start.endsWith(JUST_AFTER) ? start.slice(0, -1) : start };
    }
  } catch {
    // Told below: all malformed tokens get the same answer.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}
