/** Calls of webhooks: one POST, repeated when the webhook asks for it (client-go/rest/with_retry.go). */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { JsonObject } from '../types.ts';
import { responseError } from './response-errors.ts';
import { decodeReview } from './review.ts';
import { GoError, WebhookPool, goMessage } from './transport.ts';
import type { ClientConfig } from './webhooks.ts';
import { parseBundle, systemRoots } from './x509.ts';

const MAX_RETRIES = 10;

/** Where to connect. `shown` is the address that error messages name when it is another: a Service's cluster IP and port. */
export interface Endpoint {
  host: string;
  port: number;
  shown: string;
}

/** @throws Error with the API server's message when the Service cannot be reached. */
export type ResolveService = (namespace: string, name: string, port: number) => Endpoint;

interface Target {
  url: URL;
  /** Host and port as Go writes them: the port of a Service always shows. */
  shown: string;
  pool: WebhookPool;
}

interface Answer {
  code: number;
  contentType: string | undefined;
  retryAfter: string | undefined;
  body: string;
}

/** The answer broke off. It came, so the message does not name the URL. */
class BodyError extends Error {}

/** All webhook clients of a server. A client, and its connections, belong to one address and one CA bundle. */
export class WebhookClients {
  readonly #resolve: ResolveService;
  readonly #options: { closeConnections?: boolean };
  readonly #targets = new Map<string, Target>();

  constructor(resolve: ResolveService, options: { closeConnections?: boolean } = {}) {
    this.#resolve = resolve;
    this.#options = options;
  }

  /** Closes all connections. */
  close(): void {
    for (const { pool } of this.#targets.values()) pool.destroy();
    this.#targets.clear();
  }

  /**
   * The client for a webhook's address. @throws Error with the message after "could not get REST client: ".
   */
  target(config: ClientConfig): Target {
    const key = JSON.stringify(config);
    const known = this.#targets.get(key);
    if (known) return known;
    const roots = config.caBundle
      ? parseBundle(Buffer.from(config.caBundle, 'base64').toString('utf8'))
      : systemRoots();
    const made = config.service
      ? this.#serviceTarget(config.service, roots)
      : urlTarget(config.url ?? '', roots, this.#options);
    this.#targets.set(key, made);
    return made;
  }

  #serviceTarget(
    { namespace, name, path = '', port }: NonNullable<ClientConfig['service']>,
    roots: ReturnType<typeof systemRoots>,
  ): Target {
    const serverName = `${name}.${namespace}.svc`;
    const dial = (): Endpoint => {
      try {
        return this.#resolve(namespace, name, port);
      } catch (error) {
        throw new GoError((error as Error).message);
      }
    };
    const url = new URL(`https://${serverName}:${port}${path.startsWith('/') ? '' : '/'}${path}`);
    return {
      url,
      shown: `${serverName}:${port}`,
      pool: new WebhookPool({ verifiedName: serverName, serverName, roots, dial, ...this.#options }),
    };
  }

  /**
   * Sends the review and decodes the answer.
   * @param deadline milliseconds since epoch.
   * @throws Error with the message after "failed to call webhook: ".
   */
  async call({ url, shown, pool }: Target, review: JsonObject, deadline: number): Promise<JsonObject> {
    const seconds = Math.max(1, Math.ceil((deadline - Date.now()) / 1000));
    const path = `${url.pathname}?timeout=${seconds}s`;
    const body = JSON.stringify(review);
    const signal = AbortSignal.timeout(Math.max(1, deadline - Date.now()));
    const failed = (text: string): Error => new Error(`Post "https://${shown}${path}": ${text}`);
    for (let attempt = 0; ; attempt++) {
      let answer: Answer;
      try {
        // Node ends a request only once it has a connection; Go does so while the handshake hangs, too.
        answer = await Promise.race([post(pool, url, path, body, signal), aborted(signal)]);
      } catch (error) {
        if (error instanceof BodyError) throw error;
        throw failed(signal.aborted ? 'context deadline exceeded' : goMessage(error as Error, shown));
      }
      const { code, contentType, retryAfter, body: text } = answer;
      const asks = (code === 429 || code >= 500) && retryAfter !== undefined && /^[+-]?\d+$/.test(retryAfter);
      if (asks && attempt < MAX_RETRIES) {
        try {
          await wait(Math.max(0, Number(retryAfter) * 1000), undefined, { signal, ref: false });
        } catch {
          throw failed('context deadline exceeded');
        }
        continue;
      }
      if (code < 200 || code > 206) throw new Error(responseError(code, contentType, text));
      if (text === '')
        throw new Error(`0-length response with status code: ${code} and content type: ${contentType ?? ''}`);
      return decodeReview(text);
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function urlTarget(
  text: string,
  roots: ReturnType<typeof systemRoots>,
  options: { closeConnections?: boolean },
): Target {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || 443);
  const pool = new WebhookPool({
    verifiedName: host,
    serverName: isIP(host) === 0 ? host : '',
    roots,
    dial: () => ({ host, port, shown: '' }),
    ...options,
  });
  // The port shows only when the URL has one.
  return { url, shown: /^https:\/\/([^/?#]*)/.exec(text)?.[1] ?? url.host, pool };
}

function post(agent: WebhookPool, url: URL, path: string, body: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json, */*',
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'kube-apiserver-admission',
    };
    const call = request({ agent, host: url.hostname, port: url.port || 443, method: 'POST', path, headers, signal });
    call.once('error', (error) => {
      const { socket } = call;
      const address = socket?.remoteAddress ? `${socket.remoteAddress}:${socket.remotePort}` : url.host;
      reject(error instanceof GoError ? error : new GoError(goMessage(error, address, socket ?? undefined)));
    });
    call.once('response', (response) => {
      read(response, signal).then(resolve, reject);
    });
    call.end(body);
  });
}

async function read(response: IncomingMessage, signal: AbortSignal): Promise<Answer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    const reason = signal.aborted ? 'context deadline exceeded' : 'unexpected EOF';
    throw new BodyError(`unexpected error when reading response body. Please retry. Original error: ${reason}`, {
      cause: error,
    });
  }
  const bytes = Buffer.concat(chunks);
  const plain = response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  return {
    code: response.statusCode ?? 0,
    contentType: response.headers['content-type'],
    retryAfter: response.headers['retry-after'],
    body: plain.toString('utf8'),
  };
}
