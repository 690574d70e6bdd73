/** One API server. A cluster may have several over one storage: each with its own admission and its own delays. */
import { createAdmission } from './admission/index.ts';
import type { AuditEntry, ResolveService } from './admission/index.ts';
import { openapiIndex } from './discovery/openapi.ts';
import type { FaultBox } from './faults.ts';
import type { Serving } from './http/handler.ts';
import type { RunningWatches } from './http/running-watches.ts';
import { openapiDocument } from './schema/openapi.ts';
import type { Store } from './storage/store.ts';
import type { Authorizer, JsonObject, Registry } from './types.ts';

/** What makes one API server different from another. */
export interface ServerOptions {
  /** On 127.0.0.1; any free one when absent. */
  port?: number;
  /** How late changes of webhook configurations, policies and namespaces come into force. A function is asked at each change. */
  configurationLagMs?: number | (() => number);
  /** The second of two changes of a webhook configuration within this time is missed until the next: a race in Kubernetes. */
  configurationRaceMs?: number;
  /** How late watches tell what happened. */
  watchLagMs?: number;
  /** How late calls of webhooks follow the pods behind a Service. */
  endpointLagMs?: number;
  /** No connection to a webhook is used twice. */
  closeConnections?: boolean;
}

/** What all API servers of a cluster share. */
export interface SharedParts {
  store: Store;
  registry: Registry;
  authorizer: Authorizer;
  faults: FaultBox;
  watches: RunningWatches;
  resolveService?: ResolveService;
}

/** An API server without its network side. */
export interface ApiServer {
  serving: Serving;
  audit: readonly AuditEntry[];
  /** Ends caches and the connections to webhooks. */
  close(): void;
}

export function createApiServer(shared: SharedParts, options: ServerOptions): ApiServer {
  const { store, registry, authorizer, faults, watches, resolveService } = shared;
  const { port: _port, watchLagMs = 0, ...delays } = options;
  const admission = createAdmission({
    store,
    registry,
    authorizer,
    ...delays,
    ...(resolveService && { resolveService }),
  });
  return {
    serving: {
      store,
      registry,
      admission,
      authorizer,
      faults,
      watches,
      watchLagMs,
      openapi: (path) => openapi(registry, path),
    },
    audit: admission.audit,
    close: () => admission.close(),
  };
}

function openapi(registry: Registry, path: string): { contentType: string; body: JsonObject } | undefined {
  // The real server says text/plain here.
  if (path === '') return { contentType: 'text/plain; charset=utf-8', body: openapiIndex(registry) };
  const [, group = '', version = ''] = /^(?:api|apis\/([^/]+))\/([^/]+)$/.exec(path) ?? [];
  const body = openapiDocument(registry, group, version);
  return body && { contentType: 'application/json', body };
}
