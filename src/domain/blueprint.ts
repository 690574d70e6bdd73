/** What an injector adds to a pod, worked out once for all pods: requests only read it. */
import {
  type ResolvedInjection,
  type ResolvedTemplate,
  injectionOf,
  selectionOf,
  templateOf,
} from '../api/v1alpha1/defaults.ts';
import { injectedLabel } from '../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { type Addition, additionsOf, runsBesideApp } from './additions.ts';
import { tunedTemplate } from './overrides.ts';
import { portsOf } from './ports.ts';
import { statusValue, templateRevision } from './revision.ts';

export interface Blueprint {
  template: ResolvedTemplate;
  injection: ResolvedInjection;
  additions: readonly Addition[];
  /** Names of the containers that are added. */
  ours: ReadonlySet<unknown>;
  /** Ports that they listen on while the pod's own containers run. */
  ports: readonly string[];
  /** The annotation and the label by which people and selectors find injected pods; never proof of anything. */
  status: { annotation: string; value: string };
  label: { key: string; value: string };
}

const known = new WeakMap<SidecarInjector, Map<boolean, Blueprint>>();

/** The blueprint of an injector. Remembered per object, which must not be changed in place. `native`: as native sidecars. */
export function blueprintOf(injector: SidecarInjector, native: boolean): Blueprint {
  const remembered = known.get(injector) ?? new Map<boolean, Blueprint>();
  const found = remembered.get(native);
  if (found !== undefined) return found;
  const revision = templateRevision(injector);
  const blueprint = drawn(templateOf(injector), native, {
    injection: injectionOf(injector),
    status: { annotation: selectionOf(injector).statusAnnotation, value: statusValue(revision) },
    label: { key: injectedLabel(injector.metadata.name), value: revision },
  });
  known.set(injector, remembered.set(native, blueprint));
  return blueprint;
}

/**
 * The blueprint for one pod, whose annotations may override parts of the template (spec.overrides). The revision stays that
 * of the template: a pod with an override is not outdated.
 */
export function blueprintFor(
  pod: JsonObject,
  injector: SidecarInjector,
  native: boolean,
): { blueprint: Blueprint; notes: readonly string[] } {
  const blueprint = blueprintOf(injector, native);
  const { template, notes } = tunedTemplate(blueprint.template, injector, pod);
  return { blueprint: template === blueprint.template ? blueprint : drawn(template, native, blueprint), notes };
}

function drawn(
  template: ResolvedTemplate,
  native: boolean,
  { injection, status, label }: Pick<Blueprint, 'injection' | 'status' | 'label'>,
): Blueprint {
  const additions = additionsOf(template, native);
  return {
    injection,
    status,
    label,
    template,
    additions,
    ours: new Set(additions.map(({ container }) => container.name)),
    ports: additions
      .filter((addition) => runsBesideApp(addition))
      .flatMap(({ container }) => portsOf(container as JsonObject)),
  };
}
