import assert from 'node:assert/strict';
import { createServer as createPlainServer, type AddressInfo, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createSecureContext, createServer, type SecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { identityFor } from '../../test/support/serving-identity.ts';
import { handshakeFailure, servedFingerprint } from './handshake.ts';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

describe('what a handshake shows', () => {
  const authorities = new Map<string, string>();
  const certificates = new Map<string, X509Certificate>();
  const contexts = new Map<string, SecureContext>();
  const refusals: Error[] = [];
  const server = createServer({ SNICallback: (name, done) => done(null, contexts.get(name)) });
  let port = 0;

  before(async () => {
    for (const name of ['a.svc', 'b.svc']) {
      const { ca, cert, key } = await identityFor(name);
      authorities.set(name, ca);
      certificates.set(name, new X509Certificate(cert));
      contexts.set(name, createSecureContext({ cert, key }));
    }
    server.on('tlsClientError', (error) => refusals.push(error));
    port = await listen(server);
  });
  after(() => server.close());

  for (const servername of ['a.svc', 'b.svc']) {
    test(`the certificate of ${servername}, trusted or not`, async () => {
      const fingerprint = await servedFingerprint({ host: '127.0.0.1', port, servername }, 5000);
      assert.equal(fingerprint, certificates.get(servername)?.fingerprint256.replaceAll(':', '').toLowerCase());
      assert.deepEqual(refusals, [], 'it does not look like a refusal to the server');
    });
  }

  test('what is trusted decides, whatever was trusted before', async () => {
    const target = { host: '127.0.0.1', port, servername: 'a.svc' };
    const failureWhere = (trusted: string): Promise<string | undefined> =>
      handshakeFailure(target, authorities.get(trusted) ?? '', 5000);
    for (const trusted of ['a.svc', 'b.svc', 'a.svc', 'b.svc']) {
      const failure = await failureWhere(trusted);
      assert.equal(failure === undefined, trusted === 'a.svc', failure);
    }
    assert.equal(await failureWhere('nobody'), 'nothing is trusted');
  });

  test('a name without a certificate is an error', async () => {
    await assert.rejects(servedFingerprint({ host: '127.0.0.1', port, servername: 'c.svc' }, 5000));
  });

  test('nobody listens', async () => {
    await assert.rejects(servedFingerprint({ host: '127.0.0.1', port: 1, servername: 'a.svc' }, 5000));
  });

  test('somebody listens and says nothing', async (context) => {
    const silent = createPlainServer();
    context.after(() => silent.close());
    const target = { host: '127.0.0.1', port: await listen(silent), servername: 'a.svc' };
    await assert.rejects(servedFingerprint(target, 50), /no handshake within 50 ms/);
  });
});
