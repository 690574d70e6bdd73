/** spec.template: what is added, each field typed as in core/v1, so that `kubectl explain` works. */
import { DEFAULTS } from '../../src/api/v1alpha1/defaults.ts';
import type { Schema } from '../../test/cluster/types.ts';
import { keyedList, kubernetesType, list, object, ruled, textMap } from './schema.ts';

const core = (kind: string): Schema => kubernetesType(`io.k8s.api.core.v1.${kind}`);

/** With a bound on the name: rules compare names, and the API server refuses rules whose cost has no bound. */
function named(schema: Schema, maxLength: number): Schema {
  const name = { ...schema.properties?.['name'], type: 'string', minLength: 1, maxLength };
  return { ...schema, properties: { ...schema.properties, name }, required: union(schema.required, 'name') };
}

function union(names: readonly string[] | undefined, name: string): string[] {
  return [...new Set([...(names ?? []), name])];
}

const container = named(core('Container'), 63);
const fields = container.properties ?? {};

const appContainers = object(
  "What the pod's own containers get; injection.onConflict says what becomes of what they set themselves.",
  {
    names: {
      ...list(
        'Names of the containers, where "*" stands for any characters and "?" for one; "*" alone is all of them.',
        { type: 'string', maxLength: 63 },
        32,
      ),
      default: [...DEFAULTS.appContainers.names],
    },
    env: { ...fields['env'], maxItems: 100 },
    envFrom: { ...fields['envFrom'], maxItems: 32 },
    volumeMounts: { ...fields['volumeMounts'], maxItems: 32 },
  },
);

/** Something is added when one of these is not empty. */
const ADDED = [
  'containers',
  'initContainers',
  'volumes',
  'imagePullSecrets',
  'hostAliases',
  'metadata.labels',
  'metadata.annotations',
  'appContainers.env',
  'appContainers.envFrom',
  'appContainers.volumeMounts',
];

function isNotEmpty(path: string): string {
  const parent = path.includes('.') ? `has(self.${path.split('.')[0]}) && ` : '';
  return `(${parent}has(self.${path}) && size(self.${path}) > 0)`;
}

const unique = (field: string): string =>
  `!has(self.${field}) || self.${field}.all(c, self.${field}.exists_one(d, d.name == c.name))`;

export const template: Schema = ruled(
  object('What is added to a pod.', {
    metadata: object('Labels and annotations that the pod gets, where it does not have them itself.', {
      labels: textMap('Labels.', 32, 63),
      annotations: textMap('Annotations.', 32, 16384),
    }),
    initContainers: keyedList(
      'Containers that run before those of the pod; with restartPolicy Always a native sidecar, which runs beside them.',
      container,
      16,
      'name',
    ),
    containers: keyedList("The sidecars: containers that run beside the pod's own.", container, 16, 'name'),
    volumes: keyedList('Volumes that the containers mount.', named(core('Volume'), 63), 32, 'name'),
    imagePullSecrets: keyedList(
      "Secrets of the pod's namespace for pulling images.",
      named(core('LocalObjectReference'), 253),
      16,
      'name',
    ),
    hostAliases: keyedList('Entries of /etc/hosts.', core('HostAlias'), 32, 'ip'),
    appContainers,
  }),
  {
    rule: ADDED.map((path) => isNotEmpty(path)).join(' || '),
    message: `the template adds nothing: add at least one of containers, initContainers, volumes, imagePullSecrets, hostAliases, metadata or appContainers`,
  },
  {
    rule: unique('containers'),
    message: 'two containers of the template have the same name: rename one of them',
    fieldPath: '.containers',
  },
  {
    rule: unique('initContainers'),
    message: 'two init containers of the template have the same name: rename one of them',
    fieldPath: '.initContainers',
  },
  {
    rule: '!has(self.containers) || !has(self.initContainers) || self.containers.all(c, !self.initContainers.exists(d, d.name == c.name))',
    message: 'a container and an init container of the template have the same name: rename one of them',
    fieldPath: '.initContainers',
  },
);
