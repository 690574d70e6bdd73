import type http from 'node:http';
import type { KubeObject } from '../../src/kube/objects.ts';
import { json, refuse, startHttpServer, type Handler, type HttpServer } from './http-server.ts';

interface Event {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  revision: number;
}

/** What happens to the next list or watch, once. */
export type Fault =
  | { verb: 'list' | 'watch'; status: number; reason?: string; retryAfter?: string; causes?: { reason: string }[] }
  /** An ERROR event instead of the watch. */
  | { verb: 'watch'; errorEvent: number }
  | { verb: 'watch'; garbage: string };

/**
 * Pods of one cluster behind list and watch, with nothing else, and everything that can go wrong under a test's
 * control. Revisions begin high and are strings that a test must not compare.
 */
export class WatchServer {
  readonly pods = new Map<string, KubeObject>();
  readonly faults: Fault[] = [];
  lists = 0;
  watches = 0;
  #revision = 1000;
  #oldest = 1000;
  #history: Event[] = [];
  readonly #open = new Set<http.ServerResponse>();
  #http: HttpServer | undefined;

  get http(): HttpServer {
    if (!this.#http) throw new Error('not started');
    return this.#http;
  }

  /** Watches that are open now. */
  get openWatches(): number {
    return this.#open.size;
  }

  async start(): Promise<this> {
    this.#http = await startHttpServer(this.#handle);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]();
  }

  put(name: string, label = ''): void {
    const known = this.pods.get(name);
    const revision = ++this.#revision;
    const pod: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'ns',
        uid: known?.metadata.uid ?? `uid-${revision}`,
        resourceVersion: `${revision}`,
        labels: { label },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
        managedFields: [{ manager: 'test' }],
      },
    };
    this.pods.set(name, pod);
    this.#emit({ type: known ? 'MODIFIED' : 'ADDED', object: pod, revision });
  }

  remove(name: string): void {
    const known = this.pods.get(name);
    if (!known) return;
    const revision = ++this.#revision;
    this.pods.delete(name);
    const object = { ...known, metadata: { ...known.metadata, resourceVersion: `${revision}` } };
    this.#emit({ type: 'DELETED', object, revision });
  }

  /** Forgets the history: who comes with an older revision gets 410. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#revision;
  }

  bookmark(): void {
    for (const response of this.#open) {
      const metadata = { resourceVersion: `${this.#revision}` };
      response.write(line('BOOKMARK', { kind: 'Pod', apiVersion: 'v1', metadata }));
    }
  }

  /** Sends bytes into all open watches. */
  inject(bytes: string | Uint8Array): void {
    for (const response of this.#open) response.write(bytes);
  }

  /** Ends all watches: in good order, by a reset, or by forgetting them so that they stay silent for ever. */
  end(how: 'close' | 'reset' | 'silence'): void {
    for (const response of this.#open) {
      if (how === 'close') response.end();
      else if (how === 'reset') response.destroy();
      this.#open.delete(response);
    }
  }

  #emit(event: Event): void {
    this.#history.push(event);
    for (const response of this.#open) response.write(line(event.type, event.object));
  }

  readonly #handle: Handler = ({ url }, response) => {
    const verb = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
    if (verb === 'watch') this.watches++;
    else this.lists++;
    const fault = this.faults[0]?.verb === verb ? this.faults.shift() : undefined;
    if (fault && 'status' in fault) {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      refuse(response, fault.status, fault.reason ?? '', { headers, ...(fault.causes && { causes: fault.causes }) });
    } else if (verb === 'list') this.#list(url.searchParams, response);
    else this.#watch(url.searchParams, response, fault);
  };

  #list(query: URLSearchParams, response: http.ServerResponse): void {
    const [from = 0, revision = this.#revision] = query.get('continue')?.split('/').map(Number) ?? [];
    if (revision < this.#oldest) {
      refuse(response, 410, 'Expired');
      return;
    }
    const limit = Number(query.get('limit'));
    // A continued list shows the old state; a test server that would show the new one could never lose a delete.
    const names = [...this.#stateAt(revision).values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    // The items of a list have neither apiVersion nor kind.
    const items = names.slice(from, from + limit).map(({ metadata }) => ({ metadata }));
    const next = from + limit < names.length ? `${from + limit}/${revision}` : '';
    json(response, 200, {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: `${revision}`, continue: next },
      items,
    });
  }

  #stateAt(revision: number): Map<string, KubeObject> {
    const state = new Map(this.pods);
    for (const event of this.#history.filter((each) => each.revision > revision).toReversed()) {
      const before = this.#history.findLast(
        (each) => each.revision < event.revision && each.object.metadata.name === event.object.metadata.name,
      );
      if (event.type === 'ADDED') state.delete(event.object.metadata.name);
      else state.set(event.object.metadata.name, before?.object ?? event.object);
    }
    return state;
  }

  #watch(query: URLSearchParams, response: http.ServerResponse, fault: Fault | undefined): void {
    const since = Number(query.get('resourceVersion'));
    if (fault && 'errorEvent' in fault) {
      response.end(line('ERROR', { kind: 'Status', code: fault.errorEvent, message: 'as the test wants' }));
    } else if (fault && 'garbage' in fault) {
      response.end(fault.garbage);
    } else if (since < this.#oldest) {
      response.end(
        line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }),
      );
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      for (const event of this.#history) {
        if (event.revision > since) response.write(line(event.type, event.object));
      }
      this.#open.add(response);
      response.once('close', () => this.#open.delete(response));
    }
  }
}

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
