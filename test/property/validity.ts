/** Whether the API server would take a pod, by the rules of the in-memory cluster, which answers as a real one. */
import type { JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { mapAt, member, objectsAt } from '../../src/domain/json.ts';
import { builtinResources } from '../cluster/builtin/index.ts';
import type { KubeObject, WriteContext } from '../cluster/types.ts';
import { fieldErrorText } from '../cluster/validation.ts';

const pods = builtinResources().find(({ plural, group }) => plural === 'pods' && group === '');
if (pods === undefined) throw new Error('the cluster has no pods');
const { strategy } = pods;

/** What the API server says against the pod; nothing when it would take it. */
export function complaintsOf(pod: JsonObject): string[] {
  const object = structuredClone(pod) as unknown as KubeObject;
  object.metadata = { ...object.metadata, name: 'web', namespace: 'shop' };
  strategy.defaults?.(object);
  const errors = strategy.validateCreate?.(object, {} as WriteContext) ?? [];
  return errors.map((error) => fieldErrorText(error));
}

const sane = (text: unknown): string =>
  String(text)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, 'x');

/** The same containers with what an API server asks for: an image, volumes that are there, each path once. */
function soundContainers(containers: readonly JsonObject[], volumes: ReadonlySet<unknown>): JsonObject[] {
  return containers.map((container) => {
    const mounts = objectsAt(container, ['volumeMounts']).filter((mount) => volumes.has(sane(member(mount, 'name'))));
    const unique = new Map(mounts.map((mount) => [mount['mountPath'], { ...mount, name: sane(mount['name']) }]));
    const { restartPolicy: _policy, ...rest } = container;
    return { ...rest, name: sane(container['name']), image: 'i:1', volumeMounts: [...unique.values()] };
  });
}

/** Volumes with the sources that there are, and nothing of the future. */
function soundVolumes(volumes: readonly JsonObject[]): JsonObject[] {
  return volumes.map((volume) => {
    const { configMap } = volume;
    return { name: sane(member(volume, 'name')), ...(configMap === undefined ? { emptyDir: {} } : { configMap }) };
  });
}

/** A pod of the arbitraries made into one that has a chance to be taken. */
export function soundPod(pod: JsonObject): JsonObject {
  const list = (field: string): readonly JsonObject[] => objectsAt(pod, ['spec', field]);
  const volumes = soundVolumes(list('volumes'));
  const names = new Set(volumes.map(({ name }) => name));
  const { annotations } = mapAt(pod, ['metadata']);
  return {
    kind: 'Pod',
    metadata: { annotations },
    spec: {
      containers: soundContainers([...list('containers'), { name: 'main' }], names),
      initContainers: soundContainers(list('initContainers'), names).map((container) => ({
        ...container,
        restartPolicy: 'Always',
      })),
      volumes,
    },
  };
}

/** An injector of the arbitraries with a template that has a chance to be accepted. */
export function soundInjector(injector: SidecarInjector): SidecarInjector {
  const { template } = injector.spec;
  const volumes = soundVolumes(template.volumes ?? []);
  const names = new Set(volumes.map(({ name }) => name));
  const sound = <T>(list: readonly T[] = []): T[] => soundContainers(list as readonly JsonObject[], names) as T[];
  const { volumeMounts = [], env = [], names: of = ['*'] } = template.appContainers ?? {};
  return {
    ...injector,
    spec: {
      ...injector.spec,
      template: {
        containers: sound(template.containers),
        initContainers: sound(template.initContainers),
        volumes: volumes as { name: string }[],
        appContainers: { names: of, env, volumeMounts: volumeMounts.filter(({ name }) => names.has(name)) },
      },
    },
  };
}
