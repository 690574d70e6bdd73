/** Accepted templates, kept as apps/v1 ControllerRevisions: what every replica serves, also while a newer one is refused. */
import { INJECTOR_LABEL, objectName } from '../api/v1alpha1/names.ts';
import type { SidecarInjector, SidecarInjectorSpec } from '../api/v1alpha1/types.ts';
import { ownedMetadata } from '../domain/plan-objects.ts';
import { templateRevision } from '../domain/revision.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { ResourceRef } from '../kube/resources.ts';

export const CONTROLLER_REVISIONS: ResourceRef = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  namespaced: true,
  kind: 'ControllerRevision',
};

/** The parts of a spec that decide what a pod gets; they are accepted together (domain/revision.ts). */
export type AcceptedParts = Pick<SidecarInjectorSpec, 'template' | 'injection'>;

export interface ControllerRevision extends KubeObject {
  /** Grows with every accepted template. */
  revision: number;
  data?: AcceptedParts;
}

export function revisionName(injector: string, revision: string): string {
  return `${objectName(injector)}-${revision}`;
}

/** The record that this injector's template was accepted. */
export function controllerRevision(injector: SidecarInjector, namespace: string): ControllerRevision {
  const { template, injection } = injector.spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: ownedMetadata(injector, revisionName(injector.metadata.name, templateRevision(injector)), namespace),
    revision: injector.metadata.generation ?? 1,
    data: { template, ...(injection !== undefined && { injection }) },
  };
}

/** What to apply to a record to make it the newest one; its data can never change. */
export function renewedRevision(
  injector: SidecarInjector,
  revision: string,
  namespace: string,
): Omit<ControllerRevision, 'data'> {
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: ownedMetadata(injector, revisionName(injector.metadata.name, revision), namespace),
    revision: injector.metadata.generation ?? 1,
  };
}

/** The revisions that are stored for an injector, newest first. */
export function storedRevisions(injector: SidecarInjector, records: readonly ControllerRevision[]): string[] {
  const prefix = revisionName(injector.metadata.name, '');
  return records
    .filter(
      ({ metadata, data }) =>
        data !== undefined &&
        metadata.name.startsWith(prefix) &&
        metadata.labels?.[INJECTOR_LABEL] === injector.metadata.name &&
        (metadata.ownerReferences ?? []).some(({ uid }) => uid === injector.metadata.uid),
    )
    .toSorted((a, b) => b.revision - a.revision)
    .map(({ metadata }) => metadata.name.slice(prefix.length));
}

/** The injector with the accepted parts in place of its own. */
export function withAccepted(injector: SidecarInjector, accepted: AcceptedParts): SidecarInjector {
  const { injection: _replaced, ...spec } = injector.spec;
  return { ...injector, spec: { ...spec, ...accepted } };
}
