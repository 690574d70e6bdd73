/** The road from the API server to the operator, as a relay of bytes whose far end a test may change. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export type RoadState =
  /** To whoever listens on this port of 127.0.0.1. */
  | { kind: 'to'; port: number }
  /** Nobody listens. */
  | { kind: 'refuse' }
  /** Connections are taken, and nothing is ever said. */
  | { kind: 'hang' }
  /** Connections are closed once something was said. */
  | { kind: 'close' };

export class Road {
  readonly host: string;
  port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #state: RoadState;

  constructor(host: string, port: number, state: RoadState) {
    this.host = host;
    this.port = port;
    this.#state = state;
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((socket) => this.#take(socket));
    server.listen(this.port, this.host);
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
    this.#server = server;
  }

  /** Connections that are kept alive end, too: the next call takes the road as it is now. */
  async set(state: RoadState): Promise<void> {
    this.#state = state;
    for (const socket of this.#sockets) socket.destroy();
    if (state.kind === 'refuse') await this.close();
    else await this.open();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #take(socket: Socket): void {
    this.#keep(socket);
    const state = this.#state;
    if (state.kind === 'close') socket.once('data', () => socket.destroy());
    if (state.kind !== 'to') return;
    const far = connect(state.port, '127.0.0.1');
    this.#keep(far);
    socket.pipe(far).pipe(socket);
    far.once('close', () => socket.destroy());
    socket.once('close', () => far.destroy());
  }
}
