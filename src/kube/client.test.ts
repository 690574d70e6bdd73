import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { json, refuse, startHttpServer, type Handler } from '../../test/support/http-server.ts';
import { OperatorError } from '../errors.ts';
import { createAuthority, issueServing } from '../pki/authority.ts';
import { generatePrivateKey } from '../pki/keys.ts';
import { createKubeClient, parseWarnings, type ClientOptions } from './client.ts';
import { loadKubeConfig } from './connection.ts';
import { ApiError, isNotFound } from './errors.ts';

const withServer = async (
  handler: Handler,
  options: Partial<ClientOptions>,
  test: (
    client: ReturnType<typeof createKubeClient>,
    server: Awaited<ReturnType<typeof startHttpServer>>,
  ) => Promise<void>,
): Promise<void> => {
  await using server = await startHttpServer(handler);
  const client = createKubeClient({ load: () => server.kubeConfig({ token: 'secret-token' }), ...options });
  try {
    await test(client, server);
  } finally {
    await client.close();
  }
};

const code = (expected: string) => (error: unknown) => error instanceof OperatorError && error.code === expected;

describe('a call', () => {
  it('carries credentials and user agent, and gives back raw JSON', async () => {
    const answer = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' }, unknownToAnyModel: { a: [1] } };
    await withServer(
      (_, response) => json(response, 200, answer),
      {},
      async (client, server) => {
        const query = { limit: 1, labelSelector: 'a=b,c!=d', none: undefined };
        assert.deepEqual(await client.request({ path: '/api/v1/pods', query }), answer);
        const [request] = server.requests;
        assert.equal(request?.headers.authorization, 'Bearer secret-token');
        assert.match(request?.headers['user-agent'] ?? '', /^sidecar-injector\/\d/);
        assert.equal(request?.url.searchParams.get('labelSelector'), 'a=b,c!=d');
        assert.equal(request?.url.searchParams.has('none'), false);
      },
    );
  });

  it('shares connections: 100 calls one after another need no second one', async () => {
    await withServer(
      (_, response) => json(response, 200, {}),
      {},
      async (client, server) => {
        for (let call = 0; call < 100; call++) await client.request({ path: '/version' });
        assert.equal(server.requests.length, 100);
        assert.ok(server.connections <= 2, `${server.connections} connections`);
      },
    );
  });

  it('throws what the API server says as ApiError', async () => {
    const handler: Handler = (_, response) =>
      refuse(response, 404, 'NotFound', { message: 'pods "a" not found', headers: { 'retry-after': '7' } });
    await withServer(handler, {}, async (client) => {
      await assert.rejects(client.request({ path: '/api/v1/namespaces/x/pods/a' }), (error) => {
        assert.ok(isNotFound(error));
        assert.equal(error.message, 'pods "a" not found');
        assert.equal(error.reason, 'NotFound');
        assert.equal(error.retryAfterSeconds, 7);
        return true;
      });
    });
  });

  it("makes one short line of a proxy's HTML page", async () => {
    const handler: Handler = (_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end(`<html>\n\n<body>${'bad gateway '.repeat(100)}</body></html>`);
    };
    await withServer(handler, {}, async (client) => {
      await assert.rejects(client.request({ path: '/api' }), (error) => {
        assert.ok(error instanceof ApiError && error.code === 502);
        assert.ok(error.message.length < 300 && !error.message.includes('\n'));
        return true;
      });
    });
  });

  it('says what it waited for when no answer comes in time, and frees the connection', async () => {
    await withServer(
      () => undefined,
      {},
      async (client) => {
        await assert.rejects(client.request({ path: '/api', timeoutMs: 30 }), (error) => {
          assert.ok(code('SI2002')(error));
          assert.match(String(error), /GET \/api within 0.03 s/);
          return true;
        });
      },
    );
  });

  it("ends with the caller's own reason when it is aborted, before, during and while the body comes", async () => {
    const handler: Handler = (_, response) => void response.write('{"half":');
    await withServer(handler, {}, async (client) => {
      const reason = new Error('enough');
      await assert.rejects(client.request({ path: '/a', signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const call = client.request({ path: '/b', signal: controller.signal });
      setTimeout(() => controller.abort(reason), 20);
      await assert.rejects(call, reason);
    });
  });

  it('tells a body that is no JSON', async () => {
    await withServer(
      (_, response) => void response.end('<html>'),
      {},
      async (client) => {
        await assert.rejects(client.request({ path: '/api' }), code('SI2004'));
      },
    );
  });

  it('tells an API server that is not there', async () => {
    await withServer(
      () => undefined,
      {},
      async (client, server) => {
        await server[Symbol.asyncDispose]();
        await assert.rejects(
          client.request({ path: '/api' }),
          (error) => code('SI2001')(error) && /ECONNREFUSED/.test(String(error)),
        );
      },
    );
  });

  it('reports method, resource, code and time, without names', async () => {
    const calls: unknown[] = [];
    const observer = {
      apiCall: ({ seconds, ...call }: { seconds: number }) => void calls.push({ ...call, timed: seconds > 0 }),
    };
    const handler: Handler = ({ url }, response) =>
      url.pathname.endsWith('/gone') ? refuse(response, 404, 'NotFound') : json(response, 200, {});
    await withServer(handler, { observer }, async (client) => {
      await client.request({
        method: 'PUT',
        path: '/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors/nginx/status',
        body: {},
      });
      await client.request({ path: '/api/v1/namespaces/a/pods/gone' }).catch(() => undefined);
      await client.request({ path: '/version' });
      await client.stream({ path: '/api/v1/namespaces/a/pods' }).then(Array.fromAsync);
      assert.deepEqual(calls, [
        { method: 'PUT', resource: 'sidecarinjectors/status', code: '200', timed: true },
        { method: 'GET', resource: 'pods', code: '404', timed: true },
        { method: 'GET', resource: 'other', code: '200', timed: true },
        { method: 'WATCH', resource: 'pods', code: '200', timed: true },
      ]);
    });
  });

  it('hands on the warnings of the API server', async () => {
    const texts: string[] = [];
    const handler: Handler = (_, response) => json(response, 200, {}, { warning: '299 - "one \\"a\\"", 299 - "two"' });
    await withServer(handler, { onWarning: (text) => texts.push(text) }, async (client) => {
      await client.request({ path: '/api' });
      assert.deepEqual(texts, ['one "a"', 'two']);
    });
    assert.deepEqual(parseWarnings('299 k8s "a, b", 299 - "c"'), ['a, b', 'c']);
  });
});

describe('a client', () => {
  it("leaves nothing on the caller's signal, whatever became of the calls", async () => {
    const handler: Handler = ({ url }, response) => {
      if (url.pathname === '/silent') return;
      if (url.pathname === '/bad') refuse(response, 422, 'Invalid');
      else json(response, 200, {});
    };
    await withServer(handler, {}, async (client) => {
      const { signal } = new AbortController();
      for (const path of ['/good', '/bad', '/silent']) {
        await client.request({ path, signal, timeoutMs: 20 }).catch(() => undefined);
        await client.stream({ path, signal, timeoutMs: 20 }).then(Array.fromAsync, () => undefined);
      }
      const left = client.stream({ path: '/good', signal }).then(async (chunks) => {
        for await (const _ of chunks) break;
      });
      await left;
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });
  });
});

describe('credentials', () => {
  it('are read again at once when the server does not accept them, and once only', async () => {
    let token = 'old';
    const handler: Handler = ({ headers }, response) =>
      headers.authorization === 'Bearer new'
        ? json(response, 200, { ok: true })
        : refuse(response, 401, 'Unauthorized');
    await using server = await startHttpServer(handler);
    // As in a token file, with a newline at its end.
    const client = createKubeClient({ load: () => server.kubeConfig({ token: `${token}\n` }) });
    await assert.rejects(client.request({ path: '/api' }), (error) => error instanceof ApiError && error.code === 401);
    assert.equal(server.requests.length, 2);
    token = 'new';
    assert.deepEqual(await client.request({ path: '/api' }), { ok: true });
    await client.close();
  });

  it('are read again after their time, while calls go on', async () => {
    let reads = 0;
    await using server = await startHttpServer((_, response) => json(response, 200, {}));
    const load = (): KubeConfig => server.kubeConfig({ token: `token-${++reads}` });
    const client = createKubeClient({ load, refreshMs: 0 });
    await Promise.all([1, 2, 3].map(() => client.request({ path: '/api' })));
    await client.request({ path: '/api' });
    assert.notEqual(server.requests[0]?.headers.authorization, server.requests[3]?.headers.authorization);
    assert.ok(server.connections <= 4, 'the same TLS material keeps the connections');
    await client.close();
  });

  it('that cannot be read for a moment stay as they were', async () => {
    let broken = false;
    await using server = await startHttpServer((_, response) => json(response, 200, {}));
    const load = (): KubeConfig => {
      if (broken) throw new Error('ENOENT: token');
      return server.kubeConfig({ token: 'good' });
    };
    const client = createKubeClient({ load, refreshMs: 0 });
    await client.request({ path: '/api' });
    broken = true;
    await client.request({ path: '/api' });
    assert.equal(server.requests[1]?.headers.authorization, 'Bearer good');
    await client.close();
  });

  it('of a missing kubeconfig are a clear error', () => {
    assert.throws(() => createKubeClient({ load: loadKubeConfig('/nowhere/config') }), code('SI1002'));
    assert.throws(() => createKubeClient({ load: () => new KubeConfig() }), code('SI1002'));
  });
});

describe('trust', () => {
  const serving = async (name: string): Promise<{ key: string; cert: string; ca: string }> => {
    const now = new Date();
    const authority = await createAuthority({ name, now, lifetimeSeconds: 3600, keySize: 2048 });
    const key = await generatePrivateKey(2048);
    const identity = { commonName: name, dnsNames: [], ipAddresses: ['127.0.0.1'] };
    const publicKey = createPublicKey(key);
    const cert = await issueServing({ authority, publicKey, identity, now, lifetimeSeconds: 3600 });
    return { key, cert, ca: authority.certificate };
  };

  it('follows a CA that is rotated, and refuses a server that it does not know', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'client-test-'));
    try {
      const [one, other] = await Promise.all([serving('one'), serving('other')]);
      await using server = await startHttpServer((_, response) => json(response, 200, {}), one);
      const caFile = path.join(directory, 'ca.crt');
      writeFileSync(caFile, other.ca);
      const load = (): KubeConfig => {
        const config = new KubeConfig();
        config.loadFromClusterAndUser({ name: 'c', server: server.url, caFile, skipTLSVerify: false }, { name: 'u' });
        return config;
      };
      const client = createKubeClient({ load, refreshMs: 0 });
      await assert.rejects(client.request({ path: '/api' }), code('SI2003'));
      writeFileSync(caFile, one.ca);
      await client.request({ path: '/api' });
      const before = server.connections;
      for (let call = 0; call < 20; call++) await client.request({ path: '/api' });
      assert.ok(server.connections - before <= 1, 'handshakes are not repeated');
      await client.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a stream', () => {
  it('outlives the timeout of calls, gives bytes as they come, and ends by its signal without a trace', async () => {
    const handler: Handler = (_, response) => {
      response.write('first');
      setTimeout(() => response.write('second'), 60);
    };
    await withServer(handler, { timeoutMs: 30 }, async (client) => {
      const controller = new AbortController();
      const seen: string[] = [];
      const reason = new Error('stop');
      const read = async (): Promise<void> => {
        for await (const chunk of await client.stream({ path: '/watch', signal: controller.signal })) {
          seen.push(Buffer.from(chunk).toString());
          if (seen.length === 2) controller.abort(reason);
        }
      };
      await assert.rejects(read(), reason);
      assert.deepEqual(seen, ['first', 'second']);
    });
  });

  it('that the server cuts is a network error; one that it ends is an end', async () => {
    const handler: Handler = ({ url }, response) => {
      response.write('x');
      setTimeout(() => (url.pathname === '/cut' ? response.destroy() : response.end()), 10);
    };
    const drain = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => (await Array.fromAsync(chunks)).length;
    await withServer(handler, {}, async (client) => {
      await assert.rejects(client.stream({ path: '/cut' }).then(drain), code('SI2001'));
      assert.equal(await client.stream({ path: '/end' }).then(drain), 1);
    });
  });

  it('that is refused throws what the server said', async () => {
    await withServer(
      (_, response) => refuse(response, 410, 'Expired'),
      {},
      async (client) => {
        await assert.rejects(
          client.stream({ path: '/watch' }),
          (error) => error instanceof ApiError && error.code === 410,
        );
      },
    );
  });
});
