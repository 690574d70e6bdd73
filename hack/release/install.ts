/** config/default as one file, for `kubectl apply --server-side -f`. */

import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

/** The image of config/manager. */
const PLACEHOLDER = 'ghcr.io/sidecar-injector/sidecar-injector:latest';

/**
 * The manifests that kustomize makes of config/default, with this image, the definition before everything else: whoever
 * applies the file twice in a row finds it served.
 * @param kubectl the program to run
 * @throws Error when config/default does not hold the image that is to be replaced, once
 */
export const installManifest = (kubectl: string, image: string): string => {
  const rendered = execFileSync(kubectl, ['kustomize', 'config/default'], { encoding: 'utf8', maxBuffer: 16 << 20 });
  const documents = rendered.split(/^---\n/m);
  const isDefinition = (text: string): boolean => /^kind: CustomResourceDefinition$/m.test(text);
  const ordered = [...documents.filter(isDefinition), ...documents.filter((text) => !isDefinition(text))].join('---\n');
  const parts = ordered.split(`image: ${PLACEHOLDER}\n`);
  if (parts.length !== 2)
    throw new Error(`config/default has ${parts.length - 1} containers of ${PLACEHOLDER}, not one`);
  const text = parts.join(`image: ${image}\n`);
  for (const { errors } of parseAllDocuments(text)) {
    if (errors[0] !== undefined) throw errors[0];
  }
  return text;
};
