/** The webhooks of a scenario: they answer as the scenario says and remember what they were asked. */

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { own, ownString } from './json.ts';
import type { WebhookAnswer, WebhookSpec } from './scenario.ts';

export interface WebhookCall {
  /** The name of the webhook in the scenario. */
  server: string;
  path: string;
  contentType: string | undefined;
  body: unknown;
}

/** What the control plane itself writes, such as the CA bundle of a new namespace, is no part of a scenario. */
const CONTROL_PLANE = /^system:(serviceaccount:kube-system:|kube-controller-manager$|kube-scheduler$|apiserver$)/;

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return { unparsable: body };
  }
};

const review = (response: object): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });

/** The body that a scripted answer becomes for a request with this uid. */
const bodyOf = (answer: WebhookAnswer, requestUid: string): string => {
  if (answer.raw !== undefined) return answer.raw.replaceAll('{{request.uid}}', requestUid);
  const { uid = requestUid, allowed = true, patch, status, warnings, auditAnnotations } = answer;
  const encoded = patch === undefined ? undefined : Buffer.from(JSON.stringify(patch)).toString('base64');
  return review({
    uid,
    allowed,
    ...(encoded === undefined ? {} : { patchType: 'JSONPatch', patch: encoded }),
    status,
    warnings,
    auditAnnotations,
  });
};

export class WebhookHost {
  readonly #ports = new Map<string, number>();
  readonly #servers: Server[] = [];
  /** How often each path was asked since the last look. */
  readonly #turns = new Map<string, number>();
  #calls: WebhookCall[] = [];

  /** Starts all of them on ports of 127.0.0.1. */
  async start(webhooks: Readonly<Record<string, WebhookSpec>>): Promise<void> {
    for (const [name, spec] of Object.entries(webhooks)) {
      const server =
        spec.closed === true
          ? net.createServer()
          : createServer({ ...spec.tls }, (request, response) => void this.#handle(name, spec, request, response));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      this.#ports.set(name, (server.address() as AddressInfo).port);
      if ('closeAllConnections' in server) this.#servers.push(server);
      else server.close();
    }
  }

  get ports(): ReadonlyMap<string, number> {
    return this.#ports;
  }

  /** The calls since the last look; scripted answers begin anew. */
  takeCalls(): WebhookCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#turns.clear();
    return calls;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  }

  async #handle(name: string, spec: WebhookSpec, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A caller that gave up in the middle of its request is not to be answered.
    const body = await text(request).then(parse, () => undefined);
    if (body === undefined) return;
    const asked = own(body, 'request');
    const uid = ownString(asked, 'uid') ?? '';
    const headers = { 'content-type': 'application/json' };
    if (CONTROL_PLANE.test(ownString(own(asked, 'userInfo'), 'username') ?? '')) {
      response.writeHead(200, headers).end(review({ uid, allowed: true }));
      return;
    }
    const url = request.url ?? '';
    this.#calls.push({ server: name, path: url, contentType: request.headers['content-type'], body });
    const answer = this.#next(name, spec, url.split('?')[0] ?? '');
    if (answer.delayMs !== undefined) await delay(answer.delayMs);
    if (response.destroyed) return;
    response.writeHead(answer.httpStatus ?? 200, { ...headers, ...answer.headers }).end(bodyOf(answer, uid));
  }

  #next(name: string, spec: WebhookSpec, path: string): WebhookAnswer {
    const script = spec.handlers?.[path] ?? [];
    const key = `${name} ${path}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return script[turn] ?? script.at(-1) ?? { httpStatus: 404, raw: 'not found' };
  }
}
