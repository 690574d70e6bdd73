/**
 * Where the API server is and how to show who we are. Credentials and the CA are read again every minute, as client-go
 * does; the agents are made anew only when the TLS material changed, so connections live on.
 */

import { createHash } from 'node:crypto';
import type { AgentOptions, RequestOptions as HttpsOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, type Dispatcher, type buildConnector } from 'undici';
import { describeError, operatorError } from '../errors.ts';
import { readKubeConfig } from './kubeconfig.ts';

export type LoadKubeConfig = () => KubeConfig;

/**
 * Reads the kubeconfig: the given file, or those of KUBECONFIG, ~/.kube/config, or the service account of the pod; with its
 * current context, or the given one. What it gives throws SI1002.
 */
export const loadKubeConfig =
  (file?: string, context?: string): LoadKubeConfig =>
  () =>
    readKubeConfig({ file, context });

export interface ReadyConnection {
  agent: Dispatcher;
  headers: Record<string, string>;
  origin: string;
  /** The path of the server's URL, as behind some gateways; empty or without a slash at its end. */
  prefix: string;
}

interface Credentials {
  headers: Record<string, string>;
  agents: { call: Dispatcher; watch: Dispatcher };
  tlsDigest: string;
  readAt: number;
}

/**
 * HTTP/1.1 on purpose: with HTTP/2 all calls and watches share one connection, and one that has died half-open takes
 * them all down. The operator has few watches and fewer calls at once.
 */
const agentOptions = { allowH2: false, keepAliveTimeout: 30_000, connectTimeout: 10_000 };
/** Watches are quiet for minutes; their reader has its own clock. Calls end by the timeout of the client. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };
const MAX_CALL_CONNECTIONS = 16;

export class Connection {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly #load: LoadKubeConfig;
  readonly #refreshMs: number;
  readonly #origin: string;
  readonly #prefix: string;
  #config: KubeConfig;
  #current: Credentials | undefined;
  #reading: Promise<Credentials> | undefined;
  #closed = false;

  constructor(load: LoadKubeConfig, refreshMs: number) {
    this.#load = load;
    this.#refreshMs = refreshMs;
    this.#config = load();
    const cluster = this.#config.getCurrentCluster();
    if (!cluster) throw operatorError('SI1002', { detail: 'the kubeconfig has no current context with a cluster' });
    const url = URL.parse(cluster.server);
    if (!url) throw operatorError('SI1002', { detail: `${cluster.server} is not a URL` });
    this.server = cluster.server;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    // The file of the service account may end in a newline.
    this.namespace = this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim();
  }

  /** The agent and headers for the next request. Throws SI2005 when the credentials cannot be read and none are known. */
  async use(kind: 'call' | 'watch'): Promise<ReadyConnection> {
    const stale = !this.#current || performance.now() - this.#current.readAt >= this.#refreshMs;
    const { headers, agents } = stale || !this.#current ? await this.#refresh() : this.#current;
    return { agent: agents[kind], headers, origin: this.#origin, prefix: this.#prefix };
  }

  /** The server did not accept the credentials: the next request reads them again. */
  invalidate(): void {
    if (this.#current) this.#current.readAt = -Infinity;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Object.values(this.#current?.agents ?? {}).map((agent) => agent.destroy()));
  }

  /** Reads once for all that wait. A failure keeps what is known: a volume may be swapped at this instant. */
  async #refresh(): Promise<Credentials> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    try {
      return await this.#reading;
    } catch (cause) {
      if (this.#current && this.#current.readAt !== -Infinity) return this.#current;
      throw operatorError('SI2005', { detail: describeError(cause) }, { cause });
    }
  }

  async #read(): Promise<Credentials> {
    // A new KubeConfig has no cached token. An exec plugin caches by itself, and is costly to run.
    if (this.#current && !this.#config.getCurrentUser()?.exec) this.#config = this.#load();
    const options: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      // A token file may end in a newline, which no header may hold.
      if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
    }
    if (typeof options.auth === 'string') {
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const tls = {
      ca: options.ca,
      cert: options.cert,
      key: options.key,
      pfx: options.pfx,
      passphrase: options.passphrase,
      servername: options.servername,
      rejectUnauthorized: options.rejectUnauthorized,
    };
    const tlsDigest = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    const previous = this.#current;
    const agents = previous?.tlsDigest === tlsDigest ? previous.agents : this.#makeAgents(tls);
    this.#current = { headers, agents, tlsDigest, readAt: performance.now() };
    if (previous && previous.agents !== agents) {
      // Calls under way finish; a watch is ended by its server within minutes, and then the agent is gone.
      for (const agent of Object.values(previous.agents)) void agent.close().catch(() => undefined);
    }
    if (this.#closed) await this.close();
    return this.#current;
  }

  #makeAgents(tls: AgentOptions): Credentials['agents'] {
    // Leaves out what is not set, refuses plain http unless it is asked for, knows proxies.
    const found = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), tls);
    if (found.type === 'socks') {
      throw operatorError('SI1002', { detail: 'a SOCKS proxy-url is not supported, use an HTTP proxy' });
    }
    // undici's types and Node's differ in what may be undefined.
    const connect = (
      found.type === 'none' ? { keepAlive: true, keepAliveInitialDelay: 30_000 } : found.connect
    ) as buildConnector.BuildOptions;
    const make = (connections: number | null): Dispatcher =>
      found.type === 'proxy'
        ? new ProxyAgent({
            uri: found.uri,
            requestTls: found.requestTls as buildConnector.BuildOptions,
            ...agentOptions,
            ...NO_TIMEOUTS,
          })
        : new Agent({
            ...agentOptions,
            ...NO_TIMEOUTS,
            connections,
            connect: { timeout: agentOptions.connectTimeout, allowH2: false, ...connect },
          });
    return { call: make(MAX_CALL_CONNECTIONS), watch: make(null) };
  }
}
