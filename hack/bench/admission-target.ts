/**
 * A server to measure, as a process of its own: `admission-target.js raw|usual|ours INJECTORS IDENTITY`.
 * `raw` is node:https that parses the body and answers a constant patch: the least that a webhook can do. `usual` is what people
 * write: express, JSON.parse and fast-json-patch.compare. `ours` is the operator's admission server with its metrics, its log
 * and that many injectors and identities.
 */
import { readFileSync } from 'node:fs';
import { type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type SecureContext, createSecureContext } from 'node:tls';
import express from 'express';
import jsonPatch from 'fast-json-patch';
import { createAdmissionServer } from '../../src/admission/server.ts';
import { selectionOf } from '../../src/api/v1alpha1/defaults.ts';
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { createLogger } from '../../src/observe/log.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { ANNOTATION, injector } from '../../test/testdata/samples.ts';

const NAMESPACE = 'sidecar-injector-system';
const NAMESPACES = 5000;

export const injectorName = (index: number): string => `bench-${index}`;
export const SERVER_NAME = serviceDnsName(injectorName(0), NAMESPACE);

export interface Identity {
  key: string;
  cert: string;
}

const PATCH = Buffer.from('[{"op":"add","path":"/metadata/labels/injected","value":"true"}]').toString('base64');

const raw: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
    const answer = { uid: review.uid, allowed: true, patchType: 'JSONPatch', patch: PATCH };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
  });
};

interface Pod {
  metadata: { annotations?: Record<string, string> };
  spec: { containers: object[]; volumes?: object[] };
}

/** As in the tutorials: copy the pod, change the copy, compare the two. No log, no metrics, no checks. */
function usual(): RequestListener {
  const { containers = [], volumes = [] } = injector().spec.template;
  const app = express();
  app.use(express.json({ limit: '7mb' }));
  app.post('/mutate/:name', (request, response) => {
    const review = request.body as { request: { uid: string; object: Pod } };
    const { uid, object } = review.request;
    const answer = { uid, allowed: true };
    let patch = {};
    if (object.metadata.annotations?.[ANNOTATION] === 'true') {
      const pod = structuredClone(object);
      pod.spec.containers.push(...containers);
      pod.spec.volumes = [...(pod.spec.volumes ?? []), ...volumes];
      const text = JSON.stringify(jsonPatch.compare(object, pod));
      patch = { patchType: 'JSONPatch', patch: Buffer.from(text).toString('base64') };
    }
    response.json({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { ...answer, ...patch } });
  });
  return app;
}

function startPlain(identity: Identity, listener: RequestListener): void {
  const server = createServer({ ...identity, keepAliveTimeout: 120_000 }, listener);
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
}

async function startOurs(identity: Identity, count: number): Promise<void> {
  const injectors = new Map<string, SidecarInjector>();
  const contexts = new Map<string, SecureContext>();
  const namespaces = new Map<string, object>();
  const metrics = new Metrics();
  for (let index = 0; index < count; index += 1) {
    const name = injectorName(index);
    // Each of its own, as from the API server.
    injectors.set(name, JSON.parse(JSON.stringify({ ...injector(), metadata: { name } })) as SidecarInjector);
    contexts.set(serviceDnsName(name, NAMESPACE), createSecureContext({ ...identity }));
    metrics.startInjector(name);
  }
  for (let index = 0; index < NAMESPACES; index += 1) {
    const labels = { 'kubernetes.io/metadata.name': `ns-${index}`, team: `team-${index % 100}` };
    namespaces.set(`ns-${index}`, { metadata: { name: `ns-${index}`, uid: `${index}`, labels } });
  }
  const context = {
    excludedNamespaces: [NAMESPACE],
    otherAnnotations: new Set([...injectors.values()].map((item) => selectionOf(item).annotation)),
  };
  const server = createAdmissionServer({
    host: '127.0.0.1',
    port: 0,
    injector: (name) => injectors.get(name),
    synced: () => namespaces.size === NAMESPACES,
    context: () => context,
    secureContext: (servername) => contexts.get(servername),
    log: createLogger({ level: 'info', format: 'json' }),
    observer: metrics.admission,
  });
  announce((await server.listen()).port);
}

function announce(port: number): void {
  process.stdout.write(`listening ${port}\n`);
}

if (import.meta.main) {
  const [kind, injectors = '1', file = ''] = process.argv.slice(2);
  const identity = JSON.parse(readFileSync(file, 'utf8')) as Identity;
  if (kind === 'raw') startPlain(identity, raw);
  else if (kind === 'usual') startPlain(identity, usual());
  else await startOurs(identity, Number(injectors));
}
