/** What kustomize and Helm make of the repository's manifests. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { layerBinary, runBinary } from '../../e2e/support/layer.ts';
import { REPOSITORY } from '../../e2e/support/manifests.ts';

/** An object with any further fields. */
export type Manifest = KubeObject & Record<string, unknown>;

/** Newer kustomize and helm; older ones are the concern of those who use them. */
const MINOR = 35;

export const parseManifests = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

/** The objects of a folder with a kustomization, below the repository's root or absolute. */
export const kustomize = async (folder: string): Promise<Manifest[]> => {
  const { code, stdout, stderr } = await runBinary(layerBinary(MINOR, 'kubectl/kubectl'), [
    'kustomize',
    '--load-restrictor=LoadRestrictionsNone',
    path.resolve(REPOSITORY, folder),
  ]);
  assert.equal(code, 0, `kustomize ${folder}: ${stderr}`);
  return parseManifests(stdout);
};

/** Runs helm on this machine; it never throws for an exit code. */
export const helm = (...argv: string[]): ReturnType<typeof runBinary> =>
  runBinary(layerBinary(MINOR, 'helm/helm'), argv);

/** `Deployment sidecar-injector-system/sidecar-injector`. */
export const identify = ({ kind, metadata }: KubeObject): string =>
  metadata.namespace === undefined ? `${kind} ${metadata.name}` : `${kind} ${metadata.namespace}/${metadata.name}`;
