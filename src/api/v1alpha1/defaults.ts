/**
 * The same defaults as in the CRD. The API server applies them to what it stores; these accessors make the code
 * independent of that, and of objects stored before a field existed.
 */
import { SIGNER_OWN, defaultAnnotation, defaultStatusAnnotation } from './names.ts';
import type {
  AppContainers,
  CertificateOptions,
  InjectionOptions,
  LabelSelector,
  Mode,
  Rollout,
  Selection,
  SidecarInjector,
  Template,
  WebhookOptions,
} from './types.ts';

/** Defaults that the CRD writes into the stored object, by field. `hack/generate-crds.ts` reads them too. */
export const DEFAULTS = {
  mode: 'Enforce',
  selection: { policy: 'OptIn', allowHostNetwork: false },
  appContainers: { names: ['*'] },
  injection: { sidecarMode: 'Container', onConflict: 'Skip' },
  rollout: { mode: 'Off', maxUnavailable: 1, maxPerMinute: 10 },
  webhook: { failurePolicy: 'Ignore', timeoutSeconds: 5, reinvocationPolicy: 'IfNeeded' },
  certificate: { signerName: SIGNER_OWN, duration: '2160h', keySize: 2048 },
} as const;

export type ResolvedSelection = Required<Omit<Selection, 'namespaceSelector' | 'objectSelector'>> & {
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
};
export type ResolvedTemplate = Required<Omit<Template, 'appContainers' | 'metadata'>> & {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  appContainers: Required<AppContainers>;
};
export type ResolvedInjection = InjectionOptions & Required<Pick<InjectionOptions, 'sidecarMode' | 'onConflict'>>;
export type ResolvedWebhook = WebhookOptions &
  Required<Pick<WebhookOptions, 'failurePolicy' | 'timeoutSeconds' | 'reinvocationPolicy'>>;
export type ResolvedCertificate = CertificateOptions &
  Required<Pick<CertificateOptions, 'signerName' | 'duration' | 'keySize'>>;

export function modeOf(injector: SidecarInjector): Mode {
  return injector.spec.mode ?? DEFAULTS.mode;
}

const selections = new WeakMap<SidecarInjector, ResolvedSelection>();

/**
 * Selection with its defaults; the annotations' defaults carry the injector's name. Remembered per object, as it is asked for
 * many times in a request; objects are never changed in place.
 */
export function selectionOf(injector: SidecarInjector): ResolvedSelection {
  const known = selections.get(injector);
  if (known !== undefined) return known;
  const { selection } = injector.spec;
  const resolved = {
    objectSelector: {},
    matchConditions: [],
    ...DEFAULTS.selection,
    ...selection,
    annotation: selection.annotation || defaultAnnotation(injector.metadata.name),
    statusAnnotation: selection.statusAnnotation || defaultStatusAnnotation(injector.metadata.name),
  };
  selections.set(injector, resolved);
  return resolved;
}

/** Template with an empty list or map for everything that is left out. */
export function templateOf(injector: SidecarInjector): ResolvedTemplate {
  const { template } = injector.spec;
  return {
    metadata: { labels: template.metadata?.labels ?? {}, annotations: template.metadata?.annotations ?? {} },
    initContainers: template.initContainers ?? [],
    containers: template.containers ?? [],
    volumes: template.volumes ?? [],
    imagePullSecrets: template.imagePullSecrets ?? [],
    hostAliases: template.hostAliases ?? [],
    appContainers: {
      names: template.appContainers?.names ?? [...DEFAULTS.appContainers.names],
      env: template.appContainers?.env ?? [],
      envFrom: template.appContainers?.envFrom ?? [],
      volumeMounts: template.appContainers?.volumeMounts ?? [],
    },
  };
}

export function injectionOf(injector: SidecarInjector): ResolvedInjection {
  return { ...DEFAULTS.injection, ...injector.spec.injection };
}

export function rolloutOf(injector: SidecarInjector): Required<Rollout> {
  return { ...DEFAULTS.rollout, ...injector.spec.rollout };
}

export function webhookOf(injector: SidecarInjector): ResolvedWebhook {
  return { ...DEFAULTS.webhook, ...injector.spec.webhook };
}

export function certificateOf(injector: SidecarInjector): ResolvedCertificate {
  return { ...DEFAULTS.certificate, ...injector.spec.certificate };
}
