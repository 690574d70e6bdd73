/** Stands between a client and the API server and notes every request: what was asked for, and how it was answered. */

import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { createAuthority, createIdentity } from '../../cluster/identity.ts';
import { parseRequestInfo, type RequestInfo } from '../../cluster/http/request-info.ts';

export interface RecordedCall extends RequestInfo {
  status: number;
  /** Of the request; undefined when it had none. */
  body: unknown;
  /** Of an answer that is an error. */
  answer: string;
}

export interface RecordingProxy {
  /** Leads to the proxy; it has no credentials. */
  readonly kubeconfig: string;
  readonly calls: readonly RecordedCall[];
  close(): Promise<void>;
}

const read = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const json = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
};

/** The name that a list or watch is limited to counts for authorization (apiserver/pkg/endpoints/request/requestinfo.go). */
const withSelectedName = (info: RequestInfo, query: URLSearchParams): RequestInfo => {
  const [, name] = /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '') ?? [];
  if (info.resource === undefined || info.resource.name !== undefined || name === undefined) return info;
  return { ...info, resource: { ...info.resource, name } };
};

/**
 * Starts a proxy for the API server of `kubeconfig`.
 * @param directory where its own kubeconfig is written
 */
export const startRecordingProxy = async (kubeconfig: string, directory: string): Promise<RecordingProxy> => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${kubeconfig} names no cluster`);
  const ca = cluster.caData === undefined ? readFileSync(cluster.caFile ?? '') : Buffer.from(cluster.caData, 'base64');
  const agent = new https.Agent({ ca, keepAlive: true });
  const calls: RecordedCall[] = [];

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await read(request);
    const target = new URL(request.url ?? '/', cluster.server);
    const info = withSelectedName(
      parseRequestInfo(request.method ?? '', target.pathname, target.searchParams),
      target.searchParams,
    );
    const { host: _ours, ...headers } = request.headers;
    const upstream = https.request(target, { method: request.method, headers, agent });
    const note = (status: number, answer = ''): void =>
      void calls.push({ ...info, status, body: body.length === 0 ? undefined : json(body), answer });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (answer.statusCode !== undefined && answer.statusCode < 300) {
        note(answer.statusCode);
        answer.pipe(response);
        return;
      }
      void read(answer).then((text) => {
        note(answer.statusCode ?? 502, text.toString());
        response.end(text);
      });
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    upstream.end(body);
  };

  const now = new Date();
  const authority = createAuthority('recording-proxy', now);
  const identity = createIdentity(
    authority,
    { commonName: 'proxy', dnsNames: ['localhost'], addresses: [Buffer.from([127, 0, 0, 1])], usage: 'server auth' },
    now,
  );
  const server = https.createServer({ cert: identity.certificate, key: identity.key }, (request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const file = path.join(directory, 'recording-proxy');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'proxy',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'nobody' } }],
      users: [{ name: 'nobody', user: {} }],
      'current-context': 'proxy',
    }),
  );
  return {
    kubeconfig: file,
    calls,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      agent.destroy();
    },
  };
};
