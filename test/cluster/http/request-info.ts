/** What a URL is about (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go). */

export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; lower-case HTTP method for other URLs. */
  verb: string;
  path: string;
  /** Set for URLs under /api/v1 and /apis/GROUP/VERSION that name a resource. */
  resource?: {
    group: string;
    version: string;
    plural: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
}

const VERBS: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** Query parameters that are booleans: everything but "false" and "0" is true (runtime/conversion.go). */
export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

/** @throws URIError for malformed escapes. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const other = { verb: method.toLowerCase(), path };
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return other;
  const prefix = core ? 2 : 3;
  if (parts.length <= prefix) return other;
  const group = core ? '' : (parts[1] ?? '');
  const version = parts[prefix - 1] ?? '';
  // The old way to ask for a watch: /api/v1/watch/namespaces/N/pods.
  const watched = parts[prefix] === 'watch' && method === 'GET';
  let rest = parts.slice(watched ? prefix + 1 : prefix);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest[1] !== undefined) {
    namespace = rest[1];
    if (rest[2] !== undefined && !NAMESPACE_SUBRESOURCES.has(rest[2])) rest = rest.slice(2);
  }
  const [plural = '', name, subresource] = rest;
  let verb = VERBS[method] ?? method.toLowerCase();
  if (name === undefined) {
    if (verb === 'get') verb = isTrue(query, 'watch') ? 'watch' : 'list';
    if (verb === 'delete') verb = 'deletecollection';
  }
  if (watched) verb = 'watch';
  return {
    verb,
    path,
    resource: {
      group,
      version,
      plural,
      ...(subresource === undefined ? {} : { subresource: rest.slice(2).join('/') }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    },
  };
}
