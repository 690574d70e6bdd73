/** Whether raw JSON is shaped as a Pod, as far as we touch it. The API server sends nothing else; others may. */
import { at, isObject } from './json.ts';

const LISTS = ['containers', 'initContainers', 'ephemeralContainers', 'volumes', 'imagePullSecrets', 'hostAliases'];
const CONTAINER_LISTS = ['env', 'envFrom', 'ports', 'volumeMounts'];

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isListOfObjects(value: unknown): boolean {
  return isAbsent(value) || (Array.isArray(value) && value.every((item) => isObject(item)));
}

/** The path of the first field of another type than a Pod has there; undefined when all is well. */
export function misshapen(pod: unknown): string | undefined {
  if (!isObject(pod)) return '(root)';
  for (const path of [['metadata', 'labels'], ['metadata', 'annotations'], ['metadata']]) {
    const value = at(pod, path);
    if (!isAbsent(value) && !isObject(value)) return path.join('.');
  }
  if (!isObject(at(pod, ['spec']))) return 'spec';
  for (const list of LISTS) {
    const value = at(pod, ['spec', list]);
    if (!isListOfObjects(value)) return `spec.${list}`;
    if (!Array.isArray(value)) continue;
    for (const [index, item] of value.entries()) {
      const field = CONTAINER_LISTS.find((name) => !isListOfObjects(at(item, [name])));
      if (list.endsWith('ontainers') && field !== undefined) return `spec.${list}[${index}].${field}`;
      if (list === 'hostAliases' && !isAbsent(at(item, ['hostnames'])) && !Array.isArray(at(item, ['hostnames']))) {
        return `spec.hostAliases[${index}].hostnames`;
      }
    }
  }
  return Array.isArray(at(pod, ['spec', 'containers'])) ? undefined : 'spec.containers';
}
