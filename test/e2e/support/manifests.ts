/** Reads the repository's manifests as kubectl would: a file, a folder with a kustomization, or several of them. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/kube/objects.ts';

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

const documentsOf = (file: string): KubeObject[] =>
  parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);

/** All objects of a path below the repository's root, in the order in which they are written there. */
export const loadManifests = (location: string): KubeObject[] => {
  const absolute = path.resolve(REPOSITORY, location);
  if (!statSync(absolute).isDirectory()) return documentsOf(absolute);
  const kustomization = path.join(absolute, 'kustomization.yaml');
  if (!existsSync(kustomization)) throw new Error(`${location} has no kustomization.yaml`);
  const { resources = [] } = parse(readFileSync(kustomization, 'utf8')) as { resources?: string[] };
  return resources.flatMap((entry) => loadManifests(path.join(absolute, entry)));
};
