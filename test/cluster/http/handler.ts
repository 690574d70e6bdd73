import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { discoveryDocument, type Document } from '../discovery/documents.ts';
import { health } from '../discovery/health.ts';
import type { Fault, FaultBox } from '../faults.ts';
import { eventEncoder } from '../output/events.ts';
import { encode, transform } from '../output/render.ts';
import { checkIncludeObject } from '../output/table.ts';
import { StatusError, badRequest, failure, internalError, notAcceptable } from '../status.ts';
import type { JsonObject, User } from '../types.ts';
import { denial } from '../verbs/access.ts';
import type { Call, Parts } from '../verbs/call.ts';
import { answer } from '../verbs/dispatch.ts';
import type { EventEncoder, Watch } from '../verbs/watch.ts';
import { watch } from '../verbs/watch.ts';
import { faultsEndpoint } from './faults-endpoint.ts';
import { impersonate } from './impersonation.ts';
import { ACCEPTED, isObjectTransform, negotiate } from './negotiation.ts';
import { parseRequestInfo } from './request-info.ts';
import type { RequestInfo } from './request-info.ts';
import { notAllowed, route } from './route.ts';
import type { RunningWatches } from './running-watches.ts';
import { warningHeaders } from './warnings.ts';

// k8s.io/apiserver/pkg/endpoints/handlers/create.go requestTimeoutUpperBound
const REQUEST_TIMEOUT_MS = 34_000;

/** A request, from the network or from within. */
export interface Request {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  body(): Promise<Buffer>;
  /** Who it is; from the network that is found out by authentication. */
  user(): User;
  /** Requests from within meet no faults. */
  local: boolean;
}

/** The answer; exactly one of text, body and watch is what comes after the headers. */
export interface Response {
  status: number;
  headers: Record<string, string | string[]>;
  /** JSON or YAML to be written. */
  body?: JsonObject;
  yaml?: boolean;
  text?: string;
  watch?: { watch: Watch; encode: EventEncoder };
  /** A fault: the connection is cut instead. */
  cut?: boolean;
}

export interface Serving extends Parts {
  faults: FaultBox;
  watches: RunningWatches;
  /** The OpenAPI v3 documents: the index for '', one document for `api/v1` and the like. */
  openapi(path: string): Document | undefined;
}

/** Answers any request (the filters of k8s.io/apiserver/pkg/server/config.go, in their order). Never throws. */
export async function handle(serving: Serving, request: Request): Promise<Response> {
  const warnings: string[] = [];
  let response: Response;
  try {
    response = await respond(serving, request, (text) => warnings.push(text));
  } catch (error) {
    response = refusal(error, request.headers.accept);
  }
  if (warnings.length > 0) response.headers['warning'] = warningHeaders(warnings);
  return response;
}

function refusal(error: unknown, accept: string | undefined): Response {
  const known = error instanceof StatusError ? error : internalError((error as Error).message);
  if (known !== error) console.error(error);
  const yaml = accept?.startsWith('application/yaml') === true;
  return { status: known.code, headers: { ...known.headers }, body: known.status as unknown as JsonObject, yaml };
}

function notFound(): Response {
  return plain(404, '404 page not found\n');
}

function plain(status: number, text: string): Response {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    text,
  };
}

async function respond(serving: Serving, request: Request, warn: (text: string) => void): Promise<Response> {
  const url = new URL(request.url, 'https://cluster');
  const info = infoOf(request.method, url);
  const { resource } = info;
  const about = resource ? attributes(resource, info.verb, url.searchParams) : { path: info.path };
  const access = { user: request.user(), verb: info.verb, ...about };
  const user = impersonate(serving.authorizer, access, request.headers);
  const denied = denial(serving.authorizer, { ...access, user });
  if (denied) throw denied;
  if (resource) return respondForResource(serving, request, { info, query: url.searchParams, user, warn });
  if (info.path === '/faults' || info.path.startsWith('/faults/'))
    return faultsEndpoint(serving.faults, request, info.path);
  if (request.method !== 'GET' && ['/version', '/api'].includes(info.path)) throw notAllowed();
  if (request.method !== 'GET') return notFound();
  const healthy = health(info.path, url.searchParams);
  if (healthy) return plain(healthy.status, healthy.text);
  const document = info.path.startsWith('/openapi/v3')
    ? serving.openapi(info.path.slice('/openapi/v3/'.length))
    : discoveryDocument(serving.registry, info.path, request.headers.accept);
  if (!document) return notFound();
  const { contentType, body, yaml = false } = document;
  return { status: 200, headers: { 'content-type': contentType }, body, yaml };
}

function infoOf(method: string, url: URL): RequestInfo {
  try {
    return parseRequestInfo(method, url.pathname, url.searchParams);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** A list or watch of one object by its name counts as a request for it (apiserver/pkg/endpoints/request/requestinfo.go). */
function attributes(target: Target, verb: string, query: URLSearchParams): JsonObject {
  const { plural, ...rest } = target;
  const selector = query.get('fieldSelector') ?? '';
  const [, name] =
    (verb === 'list' || verb === 'watch' ? /(?:^|,)metadata\.name==?([^,]+)/.exec(selector) : null) ?? [];
  return { ...(name === undefined ? {} : { name }), ...rest, resource: plural };
}

type Target = NonNullable<RequestInfo['resource']>;

interface Asked {
  info: RequestInfo;
  query: URLSearchParams;
  user: User;
  warn: (text: string) => void;
}

/** The old watch paths may name one object; the query then says the same. */
function watchedCollection({ name, ...target }: Target, query: URLSearchParams): Target {
  query.set('watch', 'true');
  if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`);
  return target;
}

async function respondForResource(serving: Serving, request: Request, asked: Asked): Promise<Response> {
  const { info, query, user, warn } = asked;
  const target = info.verb === 'watch' && info.resource ? watchedCollection(info.resource, query) : info.resource;
  if (!target) return notFound();
  const resource = route(serving.registry, target, info.verb);
  if (!resource) return notFound();
  // Objects have no routes for HEAD (endpoints/installer.go), although it is authorized as a GET.
  if (request.method === 'HEAD') throw notAllowed();
  const { plural, ...where } = target;
  const faultTarget = { ...where, verb: info.verb, resource: plural, user: user.username };
  const fault = request.local ? undefined : serving.faults.take(faultTarget);
  if (fault?.latencyMs) await sleep(fault.latencyMs);
  if (fault?.status) throw injected(fault.status, fault);
  const collection = target.name === undefined;
  const output = negotiate(request.headers.accept, isObjectTransform(collection));
  if (output.as?.kind === 'Table') checkIncludeObject(query.get('includeObject') ?? '');
  const now = new Date();
  const form = { resource, output, includeObject: query.get('includeObject') ?? 'Metadata', now };
  const call: Call = {
    parts: serving,
    resource,
    ...(target.subresource === undefined ? {} : { subresource: target.subresource }),
    ...(resource.namespaced && target.namespace !== undefined ? { namespace: target.namespace } : {}),
    name: target.name ?? '',
    query,
    contentType: request.headers['content-type'] ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    body: request.method === 'GET' ? Buffer.alloc(0) : await request.body(),
    user,
    warn,
    deadline: now.getTime() + REQUEST_TIMEOUT_MS,
    now,
  };
  const contentType = output.yaml ? 'application/yaml' : 'application/json';
  if (info.verb === 'watch') {
    // YAML has no frames (negotiation.NegotiateOutputMediaTypeStream).
    if (output.yaml) throw notAcceptable(ACCEPTED.filter((type) => !type.endsWith('yaml')));
    const started = watch(call);
    return {
      status: 200,
      headers: { 'content-type': contentType },
      watch: { watch: started, encode: eventEncoder(form) },
      ...(fault?.loseResponse ? { cut: true } : {}),
    };
  }
  const { status, body } = await answer(call, info.verb, request.method);
  if (fault?.loseResponse) return { status, headers: {}, cut: true };
  return { status, headers: {}, body: transform(body as JsonObject, form), yaml: output.yaml };
}

const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function injected(code: number, fault: Fault): StatusError {
  const { reason = REASONS[code] ?? '', message = 'a fault was injected', retryAfterSeconds } = fault;
  return failure(code, reason, message, retryAfterSeconds === undefined ? undefined : { retryAfterSeconds });
}

/** The text of an answer that is no watch, with its content type. */
export function textOf({ text, body, yaml = false }: Response): { contentType?: string; text: string } {
  return text === undefined ? encode(body, yaml) : { text };
}
