/**
 * A load generator for one HTTPS server, as API servers speak to a webhook: HTTP/1.1, keep-alive, one request on a connection
 * at a time. Without a rate every connection asks again at once, for the peak. With a rate, requests become due at random
 * (Poisson) whether or not earlier ones are answered, and latency counts from when they were due: a server that stalls cannot
 * hide it. Ready-made bytes go out and little is parsed, so that the generator needs less than the server.
 */
import { once } from 'node:events';
import { type TLSSocket, connect } from 'node:tls';

export interface LoadOptions {
  port: number;
  servername: string;
  ca: string;
  connections: number;
  seconds: number;
  /** Requests per second; left out for as many as it takes. */
  rate?: number;
  /** Requests, sent in turn. */
  requests: readonly Buffer[];
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  /** Answers other than 200. */
  failed: number;
  /**
   * Latency in ms that the share of requests stayed below, `quantile(0.99)`: the median of all seconds, so that a second in
   * which the machine stood still counts as one of many.
   */
  quantile(share: number): number;
}

/** The bytes of a review, with the headers that a kube-apiserver sends. */
export function requestBytes(path: string, body: Buffer): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: webhook.svc:443',
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${body.length}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** The middle one; 0 of none. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

interface Connection {
  socket: TLSSocket;
  /** When the request that it carries was due. */
  due: number;
  /** Bytes of the answer that are still to come; undefined before its head has been read. */
  rest: number | undefined;
  head: string;
}

const HEAD_END = '\r\n\r\n';

/** Takes in bytes; true when the answer is complete. */
function isComplete(connection: Connection, chunk: Buffer): boolean {
  if (connection.rest !== undefined) {
    connection.rest -= chunk.length;
    return connection.rest <= 0;
  }
  const text = connection.head + chunk.toString('latin1');
  connection.head = text;
  const end = text.indexOf(HEAD_END);
  if (end === -1) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
  if (Number.isNaN(length)) throw new Error('an answer without Content-Length: none of our servers sends that');
  connection.rest = end + HEAD_END.length + length - text.length;
  return connection.rest <= 0;
}

export async function applyLoad(options: LoadOptions): Promise<LoadResult> {
  const { seconds, rate } = options;
  /** Of each second, by when the requests were due. */
  const latencies: number[][] = Array.from({ length: Math.ceil(seconds) }, () => []);
  const waiting: number[] = [];
  const idle: Connection[] = [];
  let [sent, answered, failed, started, isOver] = [0, 0, 0, 0, false];

  const note = (due: number): void => {
    const second = Math.min(Math.floor((due - started) / 1000), latencies.length - 1);
    latencies[second]?.push(performance.now() - due);
  };

  const send = (connection: Connection, due: number): void => {
    Object.assign(connection, { due, rest: undefined, head: '' });
    connection.socket.write(options.requests[sent % options.requests.length] ?? '');
    sent += 1;
  };
  const next = (connection: Connection): void => {
    if (isOver) idle.push(connection);
    else if (rate === undefined) send(connection, performance.now());
    else {
      const due = waiting.shift();
      if (due === undefined) idle.push(connection);
      else send(connection, due);
    }
  };
  const connections = await Promise.all(Array.from({ length: options.connections }, () => open(options)));
  for (const connection of connections) {
    connection.socket.on('data', (chunk: Buffer) => {
      if (!isComplete(connection, chunk)) return;
      note(connection.due);
      answered += 1;
      if (!connection.head.startsWith('HTTP/1.1 200')) failed += 1;
      next(connection);
    });
  }

  // What a handshake leaves to be done is not a request's.
  await new Promise((resolve) => setTimeout(resolve, 50));
  started = performance.now();
  const until = started + seconds * 1000;
  for (const connection of connections) next(connection);
  let due = started;
  while (performance.now() < until) {
    if (rate !== undefined) {
      for (; due <= performance.now(); due += (-Math.log(1 - Math.random()) * 1000) / rate) {
        const connection = idle.pop();
        if (connection === undefined) waiting.push(due);
        else send(connection, due);
      }
    }
    // Timers are too coarse: a turn of the event loop each, all of the time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const elapsed = (performance.now() - started) / 1000;
  const requests = answered;
  isOver = true;
  // What was due and never sent counts as late as it was.
  for (const missed of waiting) note(missed);
  await closeAll(connections, idle);
  for (const second of latencies) second.sort((a, b) => a - b);
  return {
    requests,
    perSecond: requests / elapsed,
    failed,
    quantile: (share) => median(latencies.map((second) => second[Math.floor(second.length * share)] ?? 0)),
  };
}

async function open({ port, servername, ca }: LoadOptions): Promise<Connection> {
  const socket = connect({ host: '127.0.0.1', port, servername, ca });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  return { socket, due: 0, rest: undefined, head: '' };
}

/** Lets the last answers come, so that CPU time of these requests is not counted with the next ones. */
async function closeAll(connections: readonly Connection[], idle: readonly Connection[]): Promise<void> {
  const patience = performance.now() + 2000;
  while (idle.length < connections.length && performance.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const { socket } of connections) socket.destroy();
}
