/** Which objects the words of a command line name, in the forms of kubectl. */
import type { ResourceRef } from '../../kube/resources.ts';
import { nearest } from '../nearest.ts';
import { KIND_NAMES, resourceNamed } from './kinds.ts';

export interface Target {
  resource: ResourceRef;
  /** Undefined for all there are. */
  name: string | undefined;
}

/** `pod a b`, `pod/a deploy/b`, `pods` for all of them. Problems are for the usage error. */
export function targetsOf(words: readonly string[]): { targets: Target[]; problems: string[] } {
  const targets: Target[] = [];
  const problems: string[] = [];
  const add = (type: string, name: string | undefined): void => {
    const resource = resourceNamed(type);
    if (resource !== undefined && name !== '') targets.push({ resource, name });
    else problems.push(resource === undefined ? unknownType(type) : `${type} needs a name`);
  };
  if (words.some((word) => word.includes('/'))) {
    for (const word of words) {
      const [type = '', name = '', ...rest] = word.split('/');
      if (!word.includes('/') || rest.length > 0) problems.push(`${word} is not of the form TYPE/NAME`);
      else add(type, name);
    }
  } else if (words.length > 0) {
    const [type = '', ...names] = words;
    if (names.length === 0) add(type, undefined);
    for (const name of names) add(type, name);
  }
  return { targets, problems };
}

function unknownType(type: string): string {
  const meant = nearest(type.toLowerCase(), KIND_NAMES);
  const hint = meant === undefined ? `, use ${KIND_NAMES.join(', ')}` : `, did you mean ${meant}?`;
  return `${JSON.stringify(type)} is no kind that makes pods${hint}`;
}
