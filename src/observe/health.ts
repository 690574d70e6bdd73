/**
 * The port for the kubelet and for Prometheus: /healthz answers as long as the event loop turns, /readyz runs named
 * checks, /metrics lists the metrics. Apart from the webhook's port: it needs no TLS and no rights.
 */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeError, operatorError } from '../errors.ts';

/** Says why the replica is not ready, in a few words; undefined when this is in order. Must be cheap. */
export type ReadyCheck = () => string | undefined;

export interface HealthOptions {
  host?: string;
  port: number;
  metrics: { text(): Promise<{ contentType: string; body: string }> };
}

export interface HealthServer {
  /** Adds a named check; /readyz lists them in this order. */
  addCheck(name: string, check: ReadyCheck): void;
  /** Not ready any more, for good: the first step of stopping. */
  drain(): void;
  /** The results of all checks. */
  ready(): { ok: boolean; lines: string[] };
  /** Starts to listen. Throws SI1003. */
  listen(): Promise<{ host: string; port: number }>;
  close(): Promise<void>;
}

const run = (check: ReadyCheck): string | undefined => {
  try {
    return check();
  } catch (error) {
    return describeError(error);
  }
};

/** Makes the server; it does not listen yet. */
export const createHealthServer = (options: HealthOptions): HealthServer => {
  const checks = new Map<string, ReadyCheck>();
  let draining = false;

  const ready = (): { ok: boolean; lines: string[] } => {
    const results = [...checks].map(([name, check]) => ({ name, reason: run(check) }));
    if (draining) results.unshift({ name: 'shutdown', reason: 'the process is stopping' });
    return {
      ok: results.every(({ reason }) => reason === undefined),
      // The look of Kubernetes' own /readyz?verbose.
      lines: results.map(({ name, reason }) =>
        reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`,
      ),
    };
  };

  const answer = async (path: string): Promise<{ status: number; type: string; body: string }> => {
    const type = 'text/plain; charset=utf-8';
    if (path === '/healthz' || path === '/livez') return { status: 200, type, body: 'ok\n' };
    if (path === '/readyz') {
      const { ok, lines } = ready();
      const body = `${[...lines, ok ? 'readyz check passed' : 'readyz check failed'].join('\n')}\n`;
      return { status: ok ? 200 : 503, type, body };
    }
    if (path === '/metrics') {
      const { contentType, body } = await options.metrics.text();
      return { status: 200, type: contentType, body };
    }
    return { status: 404, type, body: 'there are /healthz, /readyz and /metrics\n' };
  };

  const server = http.createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    answer(request.url?.split('?', 1)[0] ?? '').then(
      ({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
      (error: unknown) => response.writeHead(500).end(`${describeError(error)}\n`),
    );
  });

  return {
    addCheck: (name, check) => void checks.set(name, check),
    drain: () => {
      draining = true;
    },
    ready,
    listen: async () => {
      const { host, port } = options;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen({ port, ...(host !== undefined && { host }) }, resolve);
      try {
        await promise;
      } catch (cause) {
        throw operatorError('SI1003', { address: `${host ?? ''}:${port}`, detail: describeError(cause) }, { cause });
      } finally {
        server.off('error', reject);
      }
      const address = server.address() as AddressInfo;
      return { host: address.address, port: address.port };
    },
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      // Prometheus keeps its connection open.
      server.closeAllConnections();
      await promise;
    },
  };
};
