/** The admission request that a decision is made on: what admission.k8s.io/v1 AdmissionRequest holds of use. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at } from './json.ts';

export interface AdmissionRequest {
  uid: string;
  kind: { group: string; version: string; kind: string };
  subResource?: string;
  /** Empty or left out when the object has a generateName. */
  name?: string;
  namespace: string;
  operation: string;
  object: JsonObject;
  dryRun?: boolean;
}

/** A name to print for the pod: pods of a workload have only a generateName when they are admitted. */
export function podName(request: AdmissionRequest): string {
  for (const name of [at(request.object, ['metadata', 'name']), request.name]) {
    if (typeof name === 'string' && name !== '') return name;
  }
  const prefix = at(request.object, ['metadata', 'generateName']);
  return typeof prefix === 'string' && prefix !== '' ? `${prefix}*` : '(no name)';
}
