/** namespaces: pkg/registry/core/namespace. A DELETE only starts the end; the namespace controller finishes it through /finalize. */
import type { KubeObject, Strategy } from '../types.ts';
import {
  invalidValue,
  isQualifiedName,
  nameIsDNSLabel,
  validateObjectMetaUpdate,
  validateStandardFinalizers,
} from '../validation.ts';
import { column } from './columns.ts';
import type { Rules } from './resource.ts';

export interface Namespace extends KubeObject {
  spec: { finalizers?: string[] };
  status: { phase?: string; conditions?: unknown[] };
}

/** A stored or defaulted object as a namespace. */
export function asNamespace(object: KubeObject): Namespace {
  return object as Namespace;
}

const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Every namespace can be selected by its name. */
function labelName({ metadata }: KubeObject): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

/** /finalize: only here spec.finalizers may change. */
const finalizeStrategy: Strategy = {
  defaults(object) {
    const namespace = asNamespace(object);
    namespace.spec ??= {};
    if (namespace.spec.finalizers?.length === 0) delete namespace.spec.finalizers;
    labelName(object);
  },
  prepareUpdate(object, old) {
    object['status'] = old['status'];
    const { spec } = asNamespace(object);
    if (spec.finalizers?.length === 0) delete spec.finalizers;
  },
  validateUpdate: (object, old) => [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(asNamespace(object).spec.finalizers ?? []).flatMap((name, index) =>
      isQualifiedName(name).map((text) => invalidValue(`spec.finalizers[${index}]`, name, text)),
    ),
    ...validateStandardFinalizers(asNamespace(object).spec.finalizers, 'spec.finalizers'),
  ],
  held: (object) => (asNamespace(object).spec.finalizers?.length ?? 0) > 0,
};

export const namespaceRules: Rules = {
  nameRule: nameIsDNSLabel,
  returnsDeleted: true,
  defaults: (object) => {
    labelName(object);
    asNamespace(object).status.phase ??= 'Active';
  },
  prepareCreate(object) {
    const { spec } = asNamespace(object);
    spec.finalizers = [...new Set([...(spec.finalizers ?? []), FINALIZER])];
    object['status'] = { phase: 'Active' };
    labelName(object);
  },
  prepareUpdate(object, old) {
    const { finalizers } = asNamespace(old).spec;
    asNamespace(object).spec = finalizers ? { finalizers } : {};
    labelName(object);
  },
  validate: () => [],
  // ValidateNamespaceStatusUpdate
  validateStatus(object) {
    const { phase } = asNamespace(object).status;
    const deleted = object.metadata.deletionTimestamp !== undefined;
    const wanted = deleted ? 'Terminating' : 'Active';
    const text = `may only be '${wanted}' if \`deletionTimestamp\` is ${deleted ? 'not ' : ''}empty`;
    return phase === wanted ? [] : [invalidValue('status.Phase', phase ?? '', text)];
  },
  markDeleted(object) {
    const namespace = asNamespace(object);
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
  held: (object) => (asNamespace(object).spec.finalizers?.length ?? 0) > 0,
  selectableFields: { 'status.phase': (object) => asNamespace(object).status.phase ?? '' },
  columns: [column('Status', (object) => asNamespace(object).status?.phase ?? '')],
  subresources: { finalize: { kind: 'Namespace', verbs: ['update'], strategy: finalizeStrategy } },
};
