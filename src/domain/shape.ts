/** Whether raw JSON is shaped as a Pod, as far as we touch it. The API server sends nothing else; others may. */
import { isObject, member } from './json.ts';

const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'];
const CONTAINER_LISTS = ['env', 'envFrom', 'ports', 'volumeMounts'];
const OTHER_LISTS = ['volumes', 'imagePullSecrets', 'hostAliases'];

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isListOfObjects(value: unknown): boolean {
  return isAbsent(value) || (Array.isArray(value) && value.every((item) => isObject(item)));
}

/** The path of the first field of another type than a Pod has there; undefined when all is well. */
export function misshapen(pod: unknown): string | undefined {
  if (!isObject(pod)) return '(root)';
  const metadata = member(pod, 'metadata');
  for (const field of ['labels', 'annotations']) {
    const map = member(metadata, field);
    if (!isAbsent(map) && !isObject(map)) return `metadata.${field}`;
  }
  if (!isAbsent(metadata) && !isObject(metadata)) return 'metadata';
  const spec = member(pod, 'spec');
  if (!isObject(spec)) return 'spec';
  for (const list of CONTAINERS) {
    const field = misshapenContainers(member(spec, list));
    if (field !== undefined) return `spec.${list}${field}`;
  }
  for (const list of OTHER_LISTS) if (!isListOfObjects(member(spec, list))) return `spec.${list}`;
  const aliases = member(spec, 'hostAliases');
  if (Array.isArray(aliases)) {
    const index = aliases.findIndex((alias) => !isAbsent(hostnames(alias)) && !Array.isArray(hostnames(alias)));
    if (index !== -1) return `spec.hostAliases[${index}].hostnames`;
  }
  return Array.isArray(member(spec, 'containers')) ? undefined : 'spec.containers';
}

const hostnames = (alias: unknown): unknown => member(alias, 'hostnames');

/** What is wrong, as the rest of a path; empty for the list itself. */
function misshapenContainers(containers: unknown): string | undefined {
  if (!isListOfObjects(containers)) return '';
  if (!Array.isArray(containers)) return undefined;
  for (let index = 0; index < containers.length; index += 1) {
    for (const field of CONTAINER_LISTS) {
      if (!isListOfObjects(member(containers[index], field))) return `[${index}].${field}`;
    }
  }
  return undefined;
}
