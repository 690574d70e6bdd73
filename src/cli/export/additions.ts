/** What an injector adds to a pod, read off a pod that has nothing of it: one source of truth with the webhook. */
import { injectionOf, selectionOf, templateOf } from '../../api/v1alpha1/defaults.ts';
import type {
  AppContainers,
  Container,
  HostAlias,
  JsonObject,
  NamedItem,
  SidecarInjector,
} from '../../api/v1alpha1/types.ts';
import { inject } from '../../domain/inject.ts';
import { mapAt, objectsAt } from '../../domain/json.ts';

export interface Additions {
  containers: readonly Container[];
  initContainers: readonly Container[];
  volumes: readonly NamedItem[];
  imagePullSecrets: readonly NamedItem[];
  hostAliases: readonly HostAlias[];
  /** What a pod keeps when it has values of its own. */
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** What says that the pod was injected, and with which revision: always written. */
  ownLabels: Readonly<Record<string, string>>;
  ownAnnotations: Readonly<Record<string, string>>;
  appContainers: Required<AppContainers>;
}

/** Kubernetes that has the policies has native sidecars on every node: Auto is Native there. */
function withModeDecided(injector: SidecarInjector): SidecarInjector {
  if (injectionOf(injector).sidecarMode !== 'Auto') return injector;
  return { ...injector, spec: { ...injector.spec, injection: { ...injector.spec.injection, sidecarMode: 'Native' } } };
}

export function additionsOf(injector: SidecarInjector): Additions {
  const bare: JsonObject = { metadata: {}, spec: { containers: [] } };
  const { pod } = inject(bare, withModeDecided(injector));
  // The revision is that of the spec as it is written.
  const marked = inject(bare, injector).pod;
  const { template, own } = { template: templateOf(injector), own: selectionOf(injector) };
  const list = <T>(field: string): T[] => objectsAt(pod, ['spec', field]) as T[];
  const labels = mapAt(marked, ['metadata', 'labels']) as Record<string, string>;
  const annotations = mapAt(marked, ['metadata', 'annotations']) as Record<string, string>;
  const isTheirs = (wanted: Readonly<Record<string, string>>, key: string): boolean =>
    Object.hasOwn(wanted, key) && key !== own.statusAnnotation;
  return {
    containers: list('containers'),
    initContainers: list('initContainers'),
    volumes: list('volumes'),
    imagePullSecrets: list('imagePullSecrets'),
    hostAliases: list('hostAliases'),
    labels: pick(labels, (key) => isTheirs(template.metadata.labels, key)),
    annotations: pick(annotations, (key) => isTheirs(template.metadata.annotations, key)),
    ownLabels: pick(labels, (key) => !isTheirs(template.metadata.labels, key)),
    ownAnnotations: pick(annotations, (key) => !isTheirs(template.metadata.annotations, key)),
    appContainers: template.appContainers,
  };
}

function pick(map: Readonly<Record<string, string>>, wanted: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => wanted(key)));
}
