/** What strangers in the pod network may send to a replica. It refuses each, and goes on serving the others. */
import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import { OPERATOR_NAMESPACE } from '../../test/e2e/support/installation.ts';
import type { RunningOperator } from '../../test/e2e/support/operator.ts';

export interface Target {
  replica: RunningOperator;
  injector: string;
}

const dial = ({ replica, injector }: Target): TLSSocket => {
  const servername = serviceDnsName(injector, OPERATOR_NAMESPACE);
  const socket = connect({ host: replica.host, port: replica.webhookPort, servername, rejectUnauthorized: false });
  // It may be cut off at any time: that is the replica's good right.
  return socket.on('error', () => undefined);
};

/** Opens so many connections, keeps them for a while, and lets go. */
export const flood = async (target: Target, connections: number, ms: number): Promise<void> => {
  const sockets = Array.from({ length: connections }, () => dial(target));
  await sleep(ms);
  for (const socket of sockets) socket.destroy();
};

/** Clients that never come to an end with their requests. */
export const trickle = async (target: Target, clients: number, ms: number): Promise<void> => {
  const sockets = Array.from({ length: clients }, () => dial(target));
  for (const [index, socket] of sockets.entries()) {
    socket.on('secureConnect', () => {
      const length = index % 2 === 0 ? 'Content-Length: 100000\r\n\r\n{' : '';
      socket.write(
        `POST /mutate/${target.injector} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}`,
      );
    });
  }
  await sleep(ms);
  for (const socket of sockets) socket.destroy();
};

/** Sends a body and gives back the status of the answer; undefined when the connection was cut. */
const post = async ({ replica, injector }: Target, body: Buffer, type: string): Promise<number | undefined> => {
  const sent = request({
    host: replica.host,
    port: replica.webhookPort,
    servername: serviceDnsName(injector, OPERATOR_NAMESPACE),
    rejectUnauthorized: false,
    method: 'POST',
    path: `/mutate/${injector}`,
    headers: { 'Content-Type': type, 'Content-Length': body.length },
    timeout: 10_000,
  });
  sent.end(body);
  try {
    const [answer] = (await once(sent, 'response', { signal: AbortSignal.timeout(10_000) })) as [
      { statusCode?: number; resume(): void },
    ];
    answer.resume();
    return answer.statusCode;
  } catch {
    return undefined;
  } finally {
    sent.on('error', () => undefined).destroy();
  }
};

const EIGHT_MEGABYTES = 8 * 1024 * 1024;
const BODIES: Readonly<Record<string, { body: Buffer; type?: string; refused: readonly number[] }>> = {
  'of 8 MB': { body: Buffer.alloc(EIGHT_MEGABYTES, 0x20), refused: [413] },
  'that is no JSON': { body: Buffer.from('{"apiVersion":'), refused: [400] },
  'of random bytes': {
    body: Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)),
    refused: [400],
  },
  'nested without end': { body: Buffer.from('['.repeat(100_000)), refused: [400] },
  'of another type': { body: Buffer.from('a=b'), type: 'application/x-www-form-urlencoded', refused: [400, 415] },
  'that is no review': { body: Buffer.from('{"kind":"Pod"}'), refused: [400] },
};

/** Sends what no API server would. Throws when one of it is answered otherwise than by a refusal. */
export const sendMalformed = async (target: Target): Promise<void> => {
  for (const [what, { body, type = 'application/json', refused }] of Object.entries(BODIES)) {
    const status = await post(target, body, type);
    // Who drains or is overloaded says so before it reads; who was killed says nothing.
    if (status === undefined || status === 429 || status === 503 || refused.includes(status)) continue;
    throw new Error(`a body ${what} was answered with ${status}`);
  }
};
