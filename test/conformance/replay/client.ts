/**
 * Plain HTTP to an API server, down to the header: the suite sends what no proper client would. Every request shows the
 * administrator's credentials, another's token, or none.
 */

import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

const TIMEOUT_MS = 60_000;

export interface WireRequest {
  method: string;
  path: string;
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
  /** A bearer token, or `anonymous`, instead of the administrator. */
  as?: string | undefined;
}

export interface AnswerHead {
  status: number;
  headers: { 'content-type'?: string; warning: string[] };
}

export interface ReplayClient {
  send(request: WireRequest): Promise<AnswerHead & { text: string }>;
  /** Resolves when the head is there; the body is still to come. */
  open(request: WireRequest): Promise<{ head: AnswerHead; stream: IncomingMessage }>;
  close(): void;
}

/** A client of the current context of a kubeconfig file. Throws when there is none. */
export const createReplayClient = (kubeconfig: string): ReplayClient => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  if (cluster === null || user === null) throw new Error(`${kubeconfig} has no current context`);
  const read = (data?: string, file?: string): Buffer | undefined => {
    if (data !== undefined) return Buffer.from(data, 'base64');
    return file === undefined ? undefined : readFileSync(path.resolve(path.dirname(kubeconfig), file));
  };
  const trust = {
    keepAlive: true,
    ca: read(cluster.caData, cluster.caFile),
    rejectUnauthorized: !cluster.skipTLSVerify,
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
  };
  const administrator = new Agent({
    ...trust,
    cert: read(user.certData, user.certFile),
    key: read(user.keyData, user.keyFile),
  });
  const others = new Agent(trust);
  const base = new URL(cluster.server);

  const open: ReplayClient['open'] = ({ method, path: target, headers = {}, body, as }) => {
    const sent = headersOf(headers, body);
    const other = as !== undefined || Object.hasOwn(sent, 'authorization');
    const token = as ?? (other ? undefined : user.token);
    if (token !== undefined && token !== 'anonymous') sent['authorization'] = `Bearer ${token}`;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: base.hostname.replaceAll(/^\[|\]$/g, ''),
          port: base.port || 443,
          path: base.pathname.replace(/\/$/, '') + target,
          method,
          headers: sent,
          agent: other ? others : administrator,
        },
        (stream) => resolve({ head: headOf(stream), stream }),
      );
      outgoing.on('error', reject);
      outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
      outgoing.end(body);
    });
  };

  return {
    open,
    async send(request) {
      const { head, stream } = await open(request);
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return { ...head, text: Buffer.concat(chunks).toString('utf8') };
    },
    close() {
      administrator.destroy();
      others.destroy();
    },
  };
};

/** Names in lower case. An empty Content-Type means that none is sent. */
const headersOf = (headers: Record<string, string>, body: string | undefined): Record<string, string> => {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const sent: Record<string, string> = { accept: 'application/json', ...Object.fromEntries(given) };
  if (body === undefined) return sent;
  sent['content-type'] ??= 'application/json';
  if (sent['content-type'] === '') delete sent['content-type'];
  sent['content-length'] = String(Buffer.byteLength(body));
  return sent;
};

/** Several warnings may come in one header line, each begins with its code (RFC 7234, 5.5). */
const headOf = ({ statusCode = 0, headers, headersDistinct }: IncomingMessage): AnswerHead => ({
  status: statusCode,
  headers: {
    ...(headers['content-type'] === undefined ? {} : { 'content-type': headers['content-type'] }),
    warning: (headersDistinct['warning'] ?? []).flatMap((line) => line.split(/, (?=\d{3} )/)),
  },
});
