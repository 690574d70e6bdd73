/**
 * Connections that have not brought a request yet. An API server dials when it has one to send; so when there are many of
 * these, the oldest is closed: who only holds connections must not take the places of those who call.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** A quarter of all connections. */
export const MAX_STRANGERS = 1024;
/** Headers come in one packet, or a few. */
export const HEADERS_PATIENCE_MS = 10_000;

interface Stranger {
  /** The connection, and as soon as there has been a handshake what is spoken in it. */
  socket: Socket;
  spoken?: TLSSocket;
  /** By `performance.now()`. */
  since: number;
}

/** The TLS connection of a TCP connection is another object: they have their addresses in common. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}|${remotePort}`;

export class Strangers {
  readonly #max: number;
  /** The oldest first. */
  readonly #known = new Map<string, Stranger>();
  readonly #callers = new WeakSet<Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#known.size;
  }

  /** Somebody has connected. */
  come(socket: Socket): void {
    const key = keyOf(socket);
    const stranger = { socket, since: performance.now() };
    this.#known.set(key, stranger);
    socket.once('close', () => {
      if (this.#known.get(key) === stranger) this.#known.delete(key);
    });
    if (this.#known.size > this.#max) this.#close(this.#known.values().next().value);
  }

  /** The handshake is over. */
  speak(socket: TLSSocket): void {
    const stranger = this.#known.get(keyOf(socket));
    if (stranger !== undefined) stranger.spoken = socket;
  }

  /** A request has come. */
  call(socket: Socket): void {
    if (this.#callers.has(socket)) return;
    this.#callers.add(socket);
    this.#known.delete(keyOf(socket));
  }

  /** Closes those who began a request and did not get through its headers in time. */
  sweep(now = performance.now()): void {
    for (const stranger of this.#known.values()) {
      if (now - stranger.since < HEADERS_PATIENCE_MS) return;
      if ((stranger.spoken?.bytesRead ?? 0) > 0) this.#close(stranger);
    }
  }

  #close(stranger: Stranger | undefined): void {
    if (stranger === undefined) return;
    this.#known.delete(keyOf(stranger.socket));
    stranger.spoken?.destroy();
    stranger.socket.destroy();
  }
}
