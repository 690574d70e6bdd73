/** An admission server on loopback with a certificate of its own, and a client that trusts it as the API server does. */
import { type Agent, type RequestOptions, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { type SecureContext, createSecureContext } from 'node:tls';
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { AdmissionObserver } from '../../src/admission/app.ts';
import {
  type AdmissionServer,
  type AdmissionServerOptions,
  createAdmissionServer,
} from '../../src/admission/server.ts';
import type { DecisionEvent } from '../../src/admission/teller.ts';
import type { Fields, Logger } from '../../src/observe/log.ts';
import { identityFor, type Identity } from '../support/serving-identity.ts';
import { injector } from '../testdata/samples.ts';

const NAMESPACE = 'sidecar-injector-system';
export const SERVER_NAME = serviceDnsName('nginx', NAMESPACE);

export type { Identity };

/** A new authority and a leaf of it for SERVER_NAME. */
export const newIdentity = (): Promise<Identity> => identityFor(SERVER_NAME);

export interface LogLine {
  level: string;
  message: string;
  fields: Fields;
}

export interface Fixture {
  server: AdmissionServer;
  port: number;
  lines: LogLine[];
  decided: DecisionEvent[];
  refused: { status: number; code: string }[];
  handshakes: { servername: string; untrusted: boolean; code: string }[];
  /** What the server serves; may be changed while it runs. */
  state: { injector: SidecarInjector | undefined; synced: boolean; context: SecureContext | undefined };
}

function recordingLog(lines: LogLine[]): Logger {
  const write =
    (level: string) =>
    (message: string, fields: Fields = {}): void => {
      lines.push({ level, message, fields });
    };
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}

export async function startAdmission(
  { key, cert }: Identity,
  options: Partial<AdmissionServerOptions> = {},
): Promise<Fixture> {
  const fixture: Omit<Fixture, 'server' | 'port'> = {
    lines: [],
    decided: [],
    refused: [],
    handshakes: [],
    state: { injector: injector(), synced: true, context: createSecureContext({ key, cert }) },
  };
  const { state, lines, decided, refused, handshakes } = fixture;
  const observer: AdmissionObserver = {
    decided: (event) => decided.push(event),
    refused: (event) => refused.push(event),
    handshakeFailed: (event) => handshakes.push(event),
  };
  const server = createAdmissionServer({
    host: '127.0.0.1',
    port: 0,
    injector: (name) => (name === 'nginx' ? state.injector : undefined),
    synced: () => state.synced,
    context: () => ({ excludedNamespaces: [NAMESPACE] }),
    secureContext: (servername) => (servername === SERVER_NAME ? state.context : undefined),
    log: recordingLog(lines),
    observer,
    ...options,
  });
  const { port } = await server.listen();
  return { ...fixture, server, port };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Call extends RequestOptions {
  body?: string | Uint8Array;
  agent?: Agent;
}

/** One call as the API server makes it: POST of JSON to /mutate/nginx, unless the call says otherwise. */
export function call(port: number, ca: string, { body, headers, ...options }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        servername: SERVER_NAME,
        ca,
        method: 'POST',
        path: '/mutate/nginx?timeout=5s',
        headers: { 'content-type': 'application/json', ...(headers as object) },
        ...options,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
