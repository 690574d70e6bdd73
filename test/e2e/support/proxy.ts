/**
 * A door of the test's own between one operator and its API server: it sees every call, and decides what becomes of it. It
 * works with any cluster.
 */

import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as forward } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { createAuthority, issueServing } from '../../../src/pki/authority.ts';
import { generatePrivateKey } from '../../../src/pki/keys.ts';
import type { Environment } from './environment.ts';

export interface ApiCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** It changes something, or would: a dry run is a write, too. Questions that are asked by POST are none. */
  readonly writes: boolean;
}

/**
 * What becomes of a call. `Drop`: the connection ends and the API server never hears of it. `LoseAnswer`: it is carried out,
 * and the connection ends instead of the answer. `cutAfterMs`: the answer, most likely a watch, ends in the middle.
 */
export type Fate = 'Pass' | 'Drop' | 'LoseAnswer' | { status: number } | { cutAfterMs: number };

export interface ProxyOptions {
  /** Of the API server; the environment's first by default. */
  kubeconfig?: string;
  /** Asked of every call before it is sent on. */
  decide?: (call: ApiCall) => Fate | Promise<Fate>;
  /** Told of every answer before it is sent on. */
  answered?: (call: ApiCall, status: number) => void;
}

export interface ApiProxy {
  /** Names the door instead of the API server; holds no credentials. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const REASONS: Record<number, [reason: string, message: string]> = {
  403: ['Forbidden', 'forbidden by the test'],
  409: ['Conflict', 'Operation cannot be fulfilled: the object has been modified; please apply your changes'],
  429: ['TooManyRequests', 'too many requests, please try again later'],
  500: ['InternalError', 'Internal error occurred: the test says so'],
};

let doors = 0;
let identity: Promise<{ cert: string; key: string; ca: string }> | undefined;

/** One for all doors of a process: keys take their time. */
const makeIdentity = async (): Promise<{ cert: string; key: string; ca: string }> => {
  const now = new Date();
  const lifetimeSeconds = 86_400;
  const authority = await createAuthority({ name: 'doors of a test', now, lifetimeSeconds, keySize: 2048 });
  const key = await generatePrivateKey(2048);
  const cert = await issueServing({
    authority,
    publicKey: createPublicKey(key),
    identity: { commonName: 'door', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
    now,
    lifetimeSeconds: lifetimeSeconds / 2,
  });
  return { cert, key, ca: authority.certificate };
};

/** Opens a door to the API server. */
export const openProxy = async (environment: Environment, options: ProxyOptions = {}): Promise<ApiProxy> => {
  const { server, ca } = clusterOf(options.kubeconfig ?? environment.kubeconfig);
  const agent = new Agent({ ca, keepAlive: true, maxSockets: Infinity });
  const sockets = new Set<Duplex>();
  identity ??= makeIdentity();
  const { cert, key, ca: doorCA } = await identity;
  const door = createServer({ cert, key }, (incoming, answer) => {
    // Whatever breaks here, the operator sees a broken connection, as it would without us.
    serve({ ...options, server, agent }, incoming, answer).catch(() => incoming.socket.destroy());
  });
  door.keepAliveTimeout = 300_000;
  door.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  doors += 1;
  const file = path.join(environment.directory, `door-${doors}`);
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(doorCA).toString('base64'),
  };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'door', cluster }],
    contexts: [{ name: 'door', context: { cluster: 'door', user: '' } }],
    'current-context': 'door',
  };
  writeFileSync(file, JSON.stringify(content));
  return {
    kubeconfig: file,
    async close() {
      const closed = new Promise((resolve) => door.close(resolve));
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await closed;
    },
  };
};

const clusterOf = (file: string): { server: URL; ca: Buffer } => {
  const config = new KubeConfig();
  config.loadFromFile(file);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${file} names no cluster`);
  const ca = cluster.caData === undefined ? readFileSync(cluster.caFile ?? '') : Buffer.from(cluster.caData, 'base64');
  return { server: new URL(cluster.server), ca };
};

type Route = ProxyOptions & { server: URL; agent: Agent };

const serve = async (route: Route, incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', route.server);
  const method = incoming.method ?? 'GET';
  const call: ApiCall = {
    method,
    path: url.pathname,
    query: url.searchParams,
    body: Buffer.concat(chunks),
    writes: method !== 'GET' && !/\/self\w+reviews$/.test(url.pathname),
  };
  const fate = (await route.decide?.(call)) ?? 'Pass';
  if (fate === 'Drop') return void incoming.socket.destroy();
  if (typeof fate === 'object' && 'status' in fate) return refuse(answer, fate.status);
  // An operator that hangs up has no use for the answer any more: a watch must not stay open.
  const hungUp = new AbortController();
  answer.once('close', () => hungUp.abort());
  const response = await sendOn(route, call, url, incoming, hungUp.signal);
  route.answered?.(call, response.statusCode ?? 0);
  if (fate === 'LoseAnswer') {
    response.destroy();
    return void incoming.socket.destroy();
  }
  answer.writeHead(response.statusCode ?? 502, response.headers);
  // A watch that has nothing to tell yet was accepted all the same.
  answer.flushHeaders();
  response.pipe(answer);
  const cut = (): void => void incoming.socket.destroy();
  response.once('error', cut);
  if (typeof fate === 'object') setTimeout(cut, fate.cutAfterMs).unref();
};

const sendOn = (
  { agent }: Route,
  { method, body }: ApiCall,
  url: URL,
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = incoming.headers;
    const outgoing = forward(url, { agent, method, headers, signal }, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });

const refuse = (answer: ServerResponse, code: number): void => {
  const [reason, message] = REASONS[code] ?? ['Unknown', `HTTP ${code}`];
  answer.writeHead(code, { 'content-type': 'application/json', ...(code === 429 && { 'retry-after': '1' }) });
  answer.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }));
};
