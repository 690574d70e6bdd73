/** What client-go says about an HTTP answer that is no success (apimachinery/pkg/api/errors: NewGenericServerResponse). */
const TEXTS: Record<number, string> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

function genericText(code: number, said: string): string {
  if (code === 403 || code === 415) return said;
  if (code === 406 && said !== '' && said !== 'unknown') return said;
  if (code === 406) return 'the server was unable to respond with a content type that the client supports';
  if (Object.hasOwn(TEXTS, code)) return TEXTS[code] ?? '';
  if (code >= 500) return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${code} but did not return more information`;
}

/** The message of the error that client-go makes of the answer: a Status in the body speaks for itself. */
export function responseError(code: number, contentType: string | undefined, body: string): string {
  const plain = contentType === undefined || contentType.startsWith('text/');
  try {
    const status = JSON.parse(body) as { kind?: string; apiVersion?: string; status?: string; message?: string } | null;
    if (status?.kind === 'Status' && status.apiVersion === 'v1' && status.status === 'Failure')
      return status.message ?? 'unknown';
  } catch {
    // No JSON: the generic text it is.
  }
  return genericText(code, plain ? body.slice(0, 2048).trim() : 'unknown');
}
