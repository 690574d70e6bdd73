/** From what a URL says to the verb that answers it, or to the refusal that a real server gives. */
import { failure } from '../status.ts';
import type { StatusError } from '../status.ts';
import type { Registry, Resource } from '../types.ts';
import type { RequestInfo } from './request-info.ts';

type Target = NonNullable<RequestInfo['resource']>;

/** endpoints of unknown resources in known groups; the details are empty, but there. */
export function notServed(): StatusError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** Where other methods are served. */
export function notAllowed(): StatusError {
  return failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

// Resources that are only asked (reviews) have no paths for single objects.
const NAMED_VERBS = ['get', 'update', 'patch', 'delete'];

/**
 * The resource behind a URL. Undefined when nothing is served there at all: groups that do not exist, and what is missing
 * in groups of custom resources, end in the plain 404 of the Go server.
 * @throws StatusError 404 or 405 for what is wrong within a known group
 */
export function route(registry: Registry, target: Target, verb: string): Resource | undefined {
  const resource = registry.find(target.group, target.version, target.plural);
  if (!resource) {
    const siblings = registry.all().filter(({ group }) => group === target.group);
    if (siblings.every(({ custom }) => custom)) return undefined;
    throw notServed();
  }
  const { name, namespace, subresource } = target;
  const scoped = resource.namespaced
    ? namespace !== undefined
    : namespace === undefined || resource.plural === 'namespaces';
  const elsewhere = (): undefined => {
    if (!resource.custom) throw notServed();
  };
  if (name === undefined) {
    if (!resource.namespaced && !scoped) return elsewhere();
    if (resource.namespaced && !scoped && verb !== 'list' && verb !== 'watch') throw notAllowed();
    if (verb === 'update' || verb === 'patch' || !resource.verbs.includes(verb)) throw notAllowed();
    return resource;
  }
  if (!scoped) return elsewhere();
  if (subresource === undefined) {
    if (!NAMED_VERBS.some((named) => resource.verbs.includes(named))) throw notServed();
    if (verb === 'create' || !resource.verbs.includes(verb)) throw notAllowed();
    return resource;
  }
  const sub = Object.hasOwn(resource.subresources, subresource) ? resource.subresources[subresource] : undefined;
  if (!sub) throw notServed();
  if (!sub.verbs.includes(verb)) throw notAllowed();
  return resource;
}
