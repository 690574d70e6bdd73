/** What kustomize and Helm make of the repository's manifests. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { layerBinary, runBinary } from '../../e2e/support/layer.ts';
import { REPOSITORY } from '../../e2e/support/manifests.ts';

/** An object with any further fields. */
export type Manifest = KubeObject & Record<string, unknown>;

const MINOR = 35;

export const parseManifests = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

/** The objects of a folder with a kustomization, below the repository's root or absolute. */
export const kustomize = async (folder: string): Promise<Manifest[]> => {
  const { code, stdout, stderr } = await runBinary(layerBinary(MINOR, 'kubectl/kubectl'), [
    'kustomize',
    path.resolve(REPOSITORY, folder),
  ]);
  assert.equal(code, 0, `kustomize ${folder}: ${stderr}`);
  return parseManifests(stdout);
};

/** Runs the helm that comes with a kubectl of that minor version: 3 with 30, 4 with 35. It never throws for an exit code. */
export const helmOf =
  (minor: 30 | 35, env: NodeJS.ProcessEnv = process.env) =>
  (...argv: string[]): ReturnType<typeof runBinary> =>
    runBinary(layerBinary(minor, 'helm/helm'), argv, env);

/** `Deployment sidecar-injector-system/sidecar-injector`. */
export const identify = ({ kind, metadata }: KubeObject): string =>
  metadata.namespace === undefined ? `${kind} ${metadata.name}` : `${kind} ${metadata.namespace}/${metadata.name}`;
