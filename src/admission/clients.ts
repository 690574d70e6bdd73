/**
 * Who may call: by default anybody who can reach the port, as API servers show no certificate. With `--client-ca-file` only
 * clients with a certificate of that authority. Handshakes without one go through, so that replicas and doctor can see what
 * is served; it is requests that are refused.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { describeError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import { parseCertificates, toPem } from '../pki/inspect.ts';

export interface ClientAuthorityOptions {
  /** PEM. */
  file: string;
  /** A common name or DNS name that the certificate must have one of; empty for any. */
  names: readonly string[];
  log: Logger;
  /** How often the file is read, in milliseconds. Default 10 s. */
  everyMs?: number;
}

const EVERY_MS = 10_000;

/** The part of a TLS connection that tells who is on its other side. */
type Connection = Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate' | 'isSessionReused'>;

interface Verdict {
  refusal: string | undefined;
  /** Milliseconds since the epoch after which it does not hold. */
  until: number;
}

export class ClientAuthority {
  readonly #options: ClientAuthorityOptions;
  readonly #verdicts = new WeakMap<Connection, Verdict>();
  readonly #listeners = new Set<() => void>();
  #certificates: string;
  #complaint = '';

  private constructor(options: ClientAuthorityOptions, certificates: string) {
    this.#options = options;
    this.#certificates = certificates;
  }

  /** @throws Error that says what is wrong with the file */
  static async read(options: ClientAuthorityOptions): Promise<ClientAuthority> {
    return new ClientAuthority(options, await certificatesIn(options.file));
  }

  /** PEM: whose certificates are taken from now on. */
  get certificates(): string {
    return this.#certificates;
  }

  /** Calls the listener when there are other authorities. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Follows the file until the signal aborts. While it cannot be read, what was read before holds. */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs = EVERY_MS } = this.#options;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#readAgain();
    }
  }

  async #readAgain(): Promise<void> {
    const { file, log } = this.#options;
    try {
      const certificates = await certificatesIn(file);
      this.#complaint = '';
      if (certificates === this.#certificates) return;
      this.#certificates = certificates;
      log.info('the authorities of clients are others now', { file });
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const complaint = describeError(error);
      if (complaint !== this.#complaint) log.warn('the authorities of clients stay as they were', { file, error });
      this.#complaint = complaint;
    }
  }

  /** Why requests on this connection are not answered; undefined when they are. */
  refusal(socket: Socket): string | undefined {
    return socket instanceof TLSSocket ? this.refusalOf(socket, Date.now()) : 'the connection is not encrypted';
  }

  /** The same, for any moment (milliseconds since the epoch). */
  refusalOf(connection: Connection, now: number): string | undefined {
    const known = this.#verdicts.get(connection) ?? this.#judge(connection);
    this.#verdicts.set(connection, known);
    return known.refusal ?? (now > known.until ? 'the certificate of the client has expired' : undefined);
  }

  #judge(connection: Connection): Verdict {
    const refused = (refusal: string): Verdict => ({ refusal, until: 0 });
    const certificate = connection.getPeerX509Certificate();
    if (certificate === undefined) return refused('the client shows no certificate');
    // What was verified for a session may hold no more.
    if (connection.isSessionReused()) return refused('the client resumes a session');
    if (!connection.authorized) {
      const why: unknown = connection.authorizationError;
      return refused(
        `the certificate of the client does not verify: ${why instanceof Error ? why.message : String(why)}`,
      );
    }
    const { names } = this.#options;
    const commonName: unknown = certificate.toLegacyObject().subject.CN;
    const named = (name: string): boolean =>
      commonName === name || certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
    if (names.length > 0 && !names.some((name) => named(name))) {
      return refused(`the client is ${JSON.stringify(commonName)?.slice(0, 100)}, which --client-names does not have`);
    }
    return { refusal: undefined, until: certificate.validToDate.getTime() };
  }
}

async function certificatesIn(file: string): Promise<string> {
  const certificates = parseCertificates(await readFile(file, 'utf8'));
  if (certificates === undefined) throw new Error(`${file} holds no PEM certificates, or one that cannot be read`);
  return toPem(certificates);
}
