import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorError } from '../errors.ts';
import { createHealthServer, type HealthServer } from './health.ts';

const withServer = async (test: (server: HealthServer, url: string) => Promise<void>): Promise<void> => {
  const metrics = { text: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'a 1\n' }) };
  const server = createHealthServer({ host: '127.0.0.1', port: 0, metrics });
  const { port } = await server.listen();
  try {
    await test(server, `http://127.0.0.1:${port}`);
  } finally {
    await server.close();
  }
};

const read = async (url: string, method = 'GET'): Promise<{ status: number; body: string }> => {
  const response = await fetch(url, { method });
  return { status: response.status, body: await response.text() };
};

describe('the health port', () => {
  it('is ready when every check is in order, and names those that are not, with their reason', async () => {
    await withServer(async (server, url) => {
      let reason: string | undefined = 'pods not listed yet';
      server.addCheck('caches', () => reason);
      server.addCheck('certificates', () => undefined);
      server.addCheck('broken', () => {
        if (reason !== undefined) throw new Error('a defect');
        return undefined;
      });
      assert.deepEqual(await read(`${url}/readyz`), {
        status: 503,
        body: '[-]caches failed: pods not listed yet\n[+]certificates ok\n[-]broken failed: a defect\nreadyz check failed\n',
      });
      reason = undefined;
      assert.equal((await read(`${url}/readyz?verbose`)).status, 200);
    });
  });

  it('stays alive and is ready no more once it drains', async () => {
    await withServer(async (server, url) => {
      server.drain();
      assert.equal((await read(`${url}/readyz`)).status, 503);
      assert.equal((await read(`${url}/healthz`)).status, 200);
    });
  });

  it('shows the metrics, and refuses the rest', async () => {
    await withServer(async (_, url) => {
      assert.deepEqual(await read(`${url}/metrics`), { status: 200, body: 'a 1\n' });
      assert.equal((await read(`${url}/secrets`)).status, 404);
      assert.equal((await read(`${url}/healthz`, 'POST')).status, 405);
      assert.deepEqual(await read(`${url}/healthz`, 'HEAD'), { status: 200, body: '' });
    });
  });

  it('says which port is taken', async () => {
    await withServer(async (_, url) => {
      const second = createHealthServer({
        host: '127.0.0.1',
        port: Number(new URL(url).port),
        metrics: { text: async () => ({ contentType: '', body: '' }) },
      });
      await assert.rejects(second.listen(), (error) => error instanceof OperatorError && error.code === 'SI1003');
    });
  });
});
