/** What really answers for an injector, where it can be reached from this machine: a TLS handshake that verifies nothing. */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { serviceDnsName } from '../../api/v1alpha1/names.ts';
import { toPem } from '../../pki/inspect.ts';
import type { Facts, Served } from './facts.ts';
import { publishedUrl, readyPods, serviceOf } from './operator.ts';
import { sample } from './trials.ts';

const REACH_MS = 1_000;
const HANDSHAKE_MS = 3_000;

interface Address {
  host: string;
  port: number;
}

/** Whoever answers for the injector: behind its URL, or the ready pods behind its Service. */
function addressesOf(facts: Facts, injector: string): Address[] {
  const base = publishedUrl(facts);
  if (base !== undefined) {
    const { hostname, port } = new URL(base);
    return [{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }];
  }
  const port = serviceOf(facts, injector)?.spec?.ports?.find((each) => each.port === 443)?.targetPort;
  if (typeof port !== 'number') return [];
  return readyPods(facts.lists.operatorPods.items).flatMap(({ status }) =>
    status?.podIP === undefined ? [] : [{ host: status.podIP, port }],
  );
}

/** Handshakes with all addresses of a few injectors; nothing where they cannot be reached from here. */
export async function askServers(facts: Facts): Promise<Served[]> {
  const targets = sample(facts).flatMap(({ metadata: { name } }) =>
    addressesOf(facts, name).map((address) => ({ name, address, text: `${address.host}:${address.port}` })),
  );
  const distinct = new Map(targets.map(({ address, text }) => [text, address]));
  // From most machines pods cannot be reached: that is found out once for each, and is no failure.
  const reached = await Promise.all(
    [...distinct].map(async ([text, address]) => ((await isReachable(address)) ? [text] : [])),
  );
  const reachable = new Set(reached.flat());
  return Promise.all(
    targets
      .filter(({ text }) => reachable.has(text))
      .map(async ({ name, address, text }): Promise<Served> => ({
        injector: name,
        address: text,
        ...(await handshake(address, serviceDnsName(name, facts.operatorNamespace))),
      })),
  );
}

function isReachable({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: REACH_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

function handshake({ host, port }: Address, servername: string): Promise<Pick<Served, 'chain' | 'error'>> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, servername, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    const end = (found: Pick<Served, 'chain' | 'error'>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(() => end({ error: 'net/http: TLS handshake timeout' }), HANDSHAKE_MS);
    socket.once('secureConnect', () => {
      const chain = presented(socket.getPeerCertificate(true));
      clearTimeout(timer);
      // An orderly end: the server does not take it for a refusal.
      socket.end();
      resolve(chain === '' ? { error: 'no certificate was shown' } : { chain });
    });
    socket.on('error', (error) => end({ error: inGoWords(error) }));
    socket.once('close', () => end({ error: 'EOF' }));
  });
}

function presented(first: DetailedPeerCertificate): string {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (next?.raw !== undefined) {
    const { raw } = next;
    if (chain.some((known) => known.raw.equals(raw))) break;
    chain.push(new X509Certificate(raw));
    next = next.issuerCertificate;
  }
  return toPem(chain);
}

/** As the API server would say it: the table of error texts speaks Go. */
function inGoWords(error: Error & { code?: string }): string {
  if (/wrong version number|packet length too long/i.test(error.message)) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  if (error.code === 'ECONNRESET') return 'read: connection reset by peer';
  return error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message;
}
