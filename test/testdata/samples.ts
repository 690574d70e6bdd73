/** Real admission requests, and injectors to answer them with. */
import { readFileSync } from 'node:fs';
import type { JsonObject, SidecarInjector, SidecarInjectorSpec } from '../../src/api/v1alpha1/types.ts';
import { parseReview } from '../../src/admission/review.ts';
import { at } from '../../src/domain/json.ts';
import type { AdmissionRequest } from '../../src/domain/request.ts';

export type ReviewName = 'bare' | 'big-179k' | 'deployment' | 'dryrun' | 'optin-false' | 'optin-true';
export const REVIEWS: readonly ReviewName[] = ['bare', 'big-179k', 'deployment', 'dryrun', 'optin-false', 'optin-true'];

/** The bytes that a Kubernetes 1.36 API server sent. */
export function reviewBytes(name: ReviewName): Buffer {
  return readFileSync(new URL(`review-${name}.json`, import.meta.url));
}

export function reviewRequest(name: ReviewName): AdmissionRequest {
  return parseReview(reviewBytes(name));
}

export function requestFor(pod: JsonObject, namespace = 'shop'): AdmissionRequest {
  return {
    uid: 'c0ffee00-0000-4000-8000-000000000000',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace,
    operation: 'CREATE',
    object: pod,
  };
}

export const ANNOTATION = 'sidecar-injector-webhook.nginx.sidecar/need_inject';
export const STATUS_ANNOTATION = 'sidecar-injector-webhook.nginx.sidecar/status';

/** The injector of config/samples/nginx.yaml in short; `spec` replaces its fields. */
export function injector(spec: Partial<SidecarInjectorSpec> = {}): SidecarInjector {
  return {
    apiVersion: 'sidecarinjector.dev/v1alpha1',
    kind: 'SidecarInjector',
    metadata: { name: 'nginx' },
    spec: {
      selection: {
        namespaceSelector: { matchLabels: { 'nginx-sidecar-injection': 'enabled' } },
        annotation: ANNOTATION,
        statusAnnotation: STATUS_ANNOTATION,
      },
      template: {
        containers: [
          {
            name: 'sidecar-nginx',
            image: 'nginx:1.29',
            ports: [{ containerPort: 18080 }],
            volumeMounts: [{ name: 'nginx-conf', mountPath: '/etc/nginx' }],
          },
        ],
        volumes: [{ name: 'nginx-conf', configMap: { name: 'nginx-conf' } }],
      },
      ...spec,
    },
  };
}

/** A pod that asks for the sidecar. `spec` is merged into the pod's. */
export function pod(spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', annotations: { [ANNOTATION]: 'true' }, ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  };
}

/** The names of a list of the pod. */
export function names(object: unknown, list: string): unknown[] {
  const items = at(object, ['spec', list]);
  return Array.isArray(items) ? items.map((item: unknown) => at(item, ['name'])) : [];
}
