/**
 * What a Service is inside a cluster, for API servers that can reach this machine only by URL: one address in front of all
 * replicas. New connections go to those that are ready, existing ones stay where they are.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Backend {
  host: string;
  webhookPort: number;
}

export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #lagMs: number;
  #backends: readonly Backend[] = [];
  #turn = 0;

  /** @param lagMs how late new connections follow a change of the replicas that are ready */
  constructor(lagMs: number) {
    this.#lagMs = lagMs;
    this.#server = createServer((client) => this.#forward(client));
  }

  /** Resolves with the port on 127.0.0.1. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  route(backends: readonly Backend[]): void {
    setTimeout(() => (this.#backends = backends), this.#lagMs).unref();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket): void {
    this.#turn += 1;
    const backend = this.#backends[this.#turn % this.#backends.length];
    if (backend === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect(backend.webhookPort, backend.host);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      // Whoever breaks off, the other side is to see the same.
      one.on('error', () => other.resetAndDestroy());
      one.pipe(other);
    }
  }
}
