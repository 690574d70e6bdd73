/** An answer as express would send it, without its search for a type, a charset, an etag and what is fresh. */
import type { ServerResponse } from 'node:http';

/** Node adds the Content-Length itself, as all of the answer is there at once. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(text);
}
