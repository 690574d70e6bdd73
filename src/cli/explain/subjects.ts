/** What is explained: live objects, and the pods of manifests. */
import type { JsonObject } from '../../api/v1alpha1/types.ts';
import { at, isObject, mapAt, member } from '../../domain/json.ts';
import type { Manifest } from '../inject/manifests.ts';
import { kindOf, nameOf, podPlacesOf, type CustomPlaces } from '../inject/pod-places.ts';
import { asCreated } from '../inject/render.ts';
import type { Live } from './facts.ts';
import type { Subject } from './judge.ts';
import { canRestart } from './kinds.ts';

const NO_PLACES: CustomPlaces = new Map();

/** One subject: a live pod with what would become of the next one like it, or the template of a workload. */
export function liveSubject({ object, resource, makers }: Live): Subject {
  const { namespace = '', name } = object.metadata;
  const title = `${resource.kind} ${namespace}/${name}`;
  const isPod = resource.plural === 'pods';
  const maker = isPod ? makers.at(-1) : (makers.at(-1) ?? { resource, object });
  const pod = templateOf(maker?.object ?? object);
  return {
    title: isPod && maker !== undefined ? `${title} of ${maker.resource.kind} ${maker.object.metadata.name}` : title,
    namespace,
    ...(isPod && { livePod: object }),
    pod: pod ?? object,
    podTitle:
      maker === undefined
        ? 'this pod, were it created now'
        : `a new pod of ${maker.resource.kind} ${maker.object.metadata.name}`,
    ...(maker !== undefined && {
      maker: {
        kind: maker.resource.kind,
        name: maker.object.metadata.name,
        object: maker.object,
        restartable: canRestart(maker.resource),
      },
    }),
  };
}

/** The pod that a workload makes; undefined for one without a template. */
function templateOf(object: JsonObject): JsonObject | undefined {
  const [place] = podPlacesOf(object, NO_PLACES);
  const pod = place && at(object, place);
  return isObject(pod) ? asCreated(pod, object) : undefined;
}

/** The pods in manifests, in their order. */
export function manifestSubjects(
  manifests: readonly Manifest[],
  places: CustomPlaces,
  defaultNamespace: string,
): Subject[] {
  return manifests.flatMap(({ source, objects }) =>
    objects.flatMap(({ object }) => {
      const named = member(mapAt(object, ['metadata']), 'namespace');
      const namespace = typeof named === 'string' && named !== '' ? named : defaultNamespace;
      return podPlacesOf(object, places).map((place): Subject => {
        const pod = asCreated(at(object, place) as JsonObject, object);
        const kind = kindOf(object);
        const maker = { kind, name: nameOf(object), object, restartable: false };
        const title = `${kind} ${namespace}/${nameOf(object)} (${source})`;
        return { title, namespace, pod, podTitle: '', ...(place.length > 0 && { maker }) };
      });
    }),
  );
}
