/** Facts about one injector, from nothing at all to all is done, for the tests of plan and status. */
import type { JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { desiredService, desiredWebhookConfiguration, type DesiredObject } from '../../src/domain/plan-objects.ts';
import { probeSubject, type CurrentIdentity, type Facts } from '../../src/domain/plan.ts';
import type { Anchor } from '../../src/domain/trust.ts';

export const now = new Date('2026-01-01T12:00:00Z');
export const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
export const anchor: Anchor = { pem: '-----BEGIN A-----\n', fingerprint: 'a1', notAfter: later(86_400) };
export const oldAnchor: Anchor = { pem: '-----BEGIN B-----\n', fingerprint: 'b2', notAfter: later(86_400) };
export const operator = { namespace: 'operators', webhookPort: 10250 };
export const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'uid-1', generation: 2 },
  spec: {
    selection: {
      namespaceSelector: { matchLabels: { inject: 'yes' } },
      matchConditions: [{ name: 'c', expression: 'true' }],
    },
    template: { containers: [{ name: 'side', image: 'i' }] },
  },
};
export const identity: CurrentIdentity = {
  serialNumber: '4a',
  fingerprint: 'leaf-1',
  signerName: 'sidecarinjector.dev/webhook-serving',
  requestName: 'sidecar-injector-nginx-abc',
  notBefore: later(-60),
  notAfter: later(86_400),
  renewalTime: later(50_000),
  anchors: [anchor],
};
export const issuance = { now, username: 'me', signerName: identity.signerName, approves: true, signs: true };

/** As the API server stores what was applied: with fields of its own and of others. */
export function stored(object: DesiredObject): JsonObject {
  return { ...structuredClone(object), metadata: { ...structuredClone(object.metadata), uid: 'u', generation: 1 } };
}
export const bundle = anchor.pem;
export const service = stored(desiredService(injector, operator, undefined));
export const configuration = stored(desiredWebhookConfiguration(injector, operator, bundle));
export const adoptedService = stored(desiredService(injector, operator, 'u'));

export const nothing: Facts = {
  now,
  injector,
  operator,
  service: undefined,
  webhookConfiguration: undefined,
  known: { service: false, webhookConfiguration: false },
  secretExists: false,
  secretMarked: false,
  identity: undefined,
  next: undefined,
  rollover: undefined,
  otherAnchors: [],
  remembered: false,
  putBack: false,
  served: undefined,
  issuance: { ...issuance, needed: 'there is no certificate yet' },
  leftoverRequests: [],
  template: { wanted: 'r2', accepted: [] },
  probe: undefined,
  namespaces: [{ name: 'apps', labels: { inject: 'yes' } }],
  repairs: [],
};
export const served: Facts = {
  ...nothing,
  service,
  secretExists: true,
  secretMarked: true,
  identity,
  served: 'leaf-1',
  issuance: { ...issuance, needed: undefined },
  template: { wanted: 'r2', accepted: ['r2'], serving: 'r2' },
};
export const published: Facts = { ...served, webhookConfiguration: configuration };
export const configured: Facts = { ...published, service: adoptedService };
export const done: Facts = {
  ...configured,
  probe: { of: probeSubject(configured), succeeded: true, message: 'came back', at: now, again: later(600) },
};
