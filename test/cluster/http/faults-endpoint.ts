import type { Fault, FaultBox, FaultMatch } from '../faults.ts';
import { badRequest } from '../status.ts';
import type { JsonObject } from '../types.ts';
import type { Request, Response } from './handler.ts';

/**
 * /faults, for tests in other processes: GET lists, POST adds one, DELETE clears; POST /faults/drop-watches cuts watches.
 * Whoever may use the path may use it: RBAC leaves it to administrators.
 */
export async function faultsEndpoint(faults: FaultBox, request: Request, path: string): Promise<Response> {
  const json = (body: JsonObject): Response => ({ status: 200, headers: {}, body });
  if (path === '/faults/drop-watches' && request.method === 'POST') {
    return json({ dropped: faults.dropWatches(await parsed<FaultMatch>(request)) });
  }
  if (request.method === 'POST') faults.add(await parsed<Fault>(request));
  if (request.method === 'DELETE') faults.clear();
  return json({ items: faults.list() });
}

async function parsed<T>(request: Request): Promise<T> {
  const body = await request.body();
  try {
    return (body.length === 0 ? {} : JSON.parse(body.toString('utf8'))) as T;
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}
