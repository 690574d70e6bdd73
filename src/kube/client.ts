/**
 * The transport to the API server: one place for connections, credentials, timeouts, errors, warnings and metrics.
 * client-node reads the kubeconfig; the requests go over two shared undici agents, because client-node opens a new TLS
 * connection for every call (measured: 300 calls, 300 handshakes; shared: 1).
 */

import type { Dispatcher } from 'undici';
import { operatorError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { Connection, type LoadKubeConfig } from './connection.ts';
import { linkAbort, type LinkedAbort } from './abort.ts';
import { ApiError, errorOfResponse } from './errors.ts';
import { networkError } from './network.ts';
import { resourceOfPath } from './resources.ts';

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From `resourcePath`. */
  path: string;
  /** Entries that are undefined are left out. */
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default application/json. */
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
  /** For the whole answer; for a stream, until its first byte can come. Default 30 s, or what the client was made with. */
  timeoutMs?: number;
}

export interface KubeClient {
  /** The URL of the API server. */
  readonly server: string;
  /** The namespace of the kubeconfig's context or of the service account, when there is one. */
  readonly namespace: string | undefined;
  /**
   * One call. Throws ApiError for an answer that is not 2xx, OperatorError SI200x when there was no usable answer, and
   * the signal's reason when it is aborted.
   */
  request<T = unknown>(options: RequestOptions): Promise<T>;
  /** Opens a stream (a watch). Resolves when the server has accepted it; ends by the signal. Errors as `request`. */
  stream(options: RequestOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Closes all connections at once. */
  close(): Promise<void>;
}

/** Where the client reports its calls. `method` is WATCH for a stream; `code` is the HTTP status, `timeout`, `aborted` or `error`. */
export interface ClientObserver {
  apiCall(call: { method: string; resource: string; code: string; seconds: number }): void;
}

export interface ClientOptions {
  /** Reads the kubeconfig anew; called again to follow rotated tokens and CAs. */
  load: LoadKubeConfig;
  timeoutMs?: number;
  observer?: ClientObserver;
  /** A `Warning` header of the API server. */
  onWarning?: (text: string, call: { method: string; path: string }) => void;
  /** The Date header of each answer, and when by our monotonic clock it was asked and came, in milliseconds. */
  onDate?: (header: string | undefined, sent: number, received: number) => void;
  /** How long credentials and the CA are used before they are read again, in milliseconds. Default 60 s, as client-go. */
  refreshMs?: number;
}

const USER_AGENT = `sidecar-injector/${VERSION} (${process.platform}/${process.arch})`;

/** The texts of Warning headers: `299 - "text"`, several in one header, quotes escaped by a backslash (RFC 7234, 5.5). */
export const parseWarnings = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .flatMap((line) => [...line.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)])
    .map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));

const urlOf = ({ path, query = {} }: RequestOptions): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
};

/** Makes the client. Nothing is read or connected before the first call, except the kubeconfig. */
export const createKubeClient = (options: ClientOptions): KubeClient => {
  const connection = new Connection(options.load, options.refreshMs ?? 60_000);
  const defaultTimeoutMs = options.timeoutMs ?? 30_000;

  /** Sends, and gives back an answer that is 2xx. */
  const send = async (request: RequestOptions, kind: 'call' | 'watch', signal: AbortSignal) => {
    const method = request.method ?? 'GET';
    for (let attempt = 0; ; attempt++) {
      const { agent, headers, origin, prefix } = await connection.use(kind);
      const sent = performance.now();
      const response: Dispatcher.ResponseData = await agent.request({
        origin,
        path: prefix + urlOf(request),
        method,
        headers: {
          ...headers,
          'user-agent': USER_AGENT,
          accept: request.accept ?? 'application/json',
          ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
        signal,
      });
      options.onDate?.([response.headers['date'] ?? []].flat()[0], sent, performance.now());
      for (const text of parseWarnings(response.headers['warning'])) {
        options.onWarning?.(text, { method, path: request.path });
      }
      if (response.statusCode < 300) return response;
      const body = await response.body.text();
      if (response.statusCode === 401 && attempt === 0) {
        // The token may have been rotated before its time: read it again and ask once more.
        connection.invalidate();
        continue;
      }
      throw errorOfResponse(response.statusCode, body, [response.headers['retry-after'] ?? []].flat()[0]);
    }
  };

  /** Runs a call within its time, reports it, and turns what undici throws into our errors. */
  const observed = async <T>(
    request: RequestOptions,
    link: LinkedAbort,
    run: () => Promise<[T, number]>,
    method: string = request.method ?? 'GET',
  ): Promise<T> => {
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    const timer = setTimeout(
      () => link.abort(operatorError('SI2002', { method, path: request.path, seconds: timeoutMs / 1000 })),
      timeoutMs,
    );
    const started = performance.now();
    let code = 'error';
    try {
      request.signal?.throwIfAborted();
      const [result, status] = await run();
      code = String(status);
      return result;
    } catch (error) {
      if (request.signal?.aborted) code = 'aborted';
      else if (link.signal.aborted) code = 'timeout';
      // What undici throws for an aborted signal is not always the signal's reason.
      if (link.signal.aborted) throw link.signal.reason;
      const known = networkError(error);
      if (known instanceof ApiError) code = String(known.code);
      throw known;
    } finally {
      clearTimeout(timer);
      const seconds = (performance.now() - started) / 1000;
      options.observer?.apiCall({ method, resource: resourceOfPath(request.path), code, seconds });
    }
  };

  return {
    server: connection.server,
    namespace: connection.namespace,
    request: async <T>(request: RequestOptions) => {
      const link = linkAbort(request.signal);
      try {
        return await observed<T>(request, link, async () => {
          const response = await send(request, 'call', link.signal);
          const text = await response.body.text();
          try {
            return [JSON.parse(text) as T, response.statusCode];
          } catch (cause) {
            const detail = `no JSON in a body of ${text.length} characters`;
            throw operatorError('SI2004', { method: request.method ?? 'GET', path: request.path, detail }, { cause });
          }
        });
      } finally {
        link.unlink();
      }
    },
    stream: async (request) => {
      const link = linkAbort(request.signal);
      try {
        const open = async (): Promise<[AsyncIterable<Uint8Array>, number]> => {
          const response = await send(request, 'watch', link.signal);
          return [chunks(response.body, link), response.statusCode];
        };
        // A name of its own in the metrics: a list and a watch of one resource have little in common.
        return await observed(request, link, open, 'WATCH');
      } catch (error) {
        link.unlink();
        throw error;
      }
    },
    close: () => connection.close(),
  };
};

/** The bytes of a body, with our errors; leaving the loop early closes the connection. */
async function* chunks(body: Dispatcher.ResponseData['body'], link: LinkedAbort): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    link.signal.throwIfAborted();
    throw networkError(error);
  } finally {
    link.unlink();
    body.destroy();
  }
}
