/** A kustomization of somebody who uses the repository's: config/default with components switched on. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { REPOSITORY } from '../../e2e/support/manifests.ts';
import { kustomize, type Manifest } from './render.ts';

/** The objects of config/default with these folders of config/components. */
export const withComponents = async (...components: string[]): Promise<Manifest[]> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'overlay-'));
  try {
    // kustomize takes no absolute paths.
    const to = (target: string): string => path.relative(folder, path.join(REPOSITORY, target));
    writeFileSync(
      path.join(folder, 'kustomization.yaml'),
      stringify({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: [to('config/default')],
        components: components.map((name) => to(`config/components/${name}`)),
      }),
    );
    return await kustomize(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
