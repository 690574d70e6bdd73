/** The customresourcedefinitions resource (apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go, apis/apiextensions/v1/defaults.go). */
import { resource } from '../builtin/resource.ts';
import type { JsonObject, KubeObject, Resource, Schema } from '../types.ts';
import type { PrinterColumn } from './columns.ts';
import { setCondition } from './conditions.ts';
import { unknownFormats, validateDefinition } from './validate-definition.ts';

export interface Names {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface Version {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: {
    status?: JsonObject;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath: string }[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    scope: string;
    names: Names;
    versions: Version[];
    conversion?: { strategy: string; webhook?: { clientConfig?: JsonObject; conversionReviewVersions?: string[] } };
    preserveUnknownFields?: boolean;
  };
  status: { conditions?: Condition[]; acceptedNames?: Names; storedVersions?: string[] };
}

export const CRD_GROUP = 'apiextensions.k8s.io';
export const CRD_STORAGE_KEY = `customresourcedefinitions.${CRD_GROUP}`;
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** The resource under which CustomResourceDefinitions are managed. */
export function customResourceDefinitionResource(): Resource {
  return resource(CRD_GROUP, 'v1', {
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    cluster: true,
    short: ['crd', 'crds'],
    categories: ['api-extensions'],
    status: true,
    rules: {
      unconditionalUpdate: false,
      generationOn: (object, old) => JSON.stringify(object['spec']) !== JSON.stringify(old['spec']),
      defaults: (object) => setDefaults(object as CustomResourceDefinition),
      prepareCreate(object) {
        object['status'] = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null };
        addStoredVersion(object as CustomResourceDefinition);
      },
      prepareUpdate(object) {
        object['status'] = structuredClone(object['status']);
        addStoredVersion(object as CustomResourceDefinition);
      },
      validate: (object, old) =>
        validateDefinition(object as CustomResourceDefinition, old as CustomResourceDefinition | undefined),
      warnings(object, old) {
        const before = old === undefined ? [] : unknownFormats(old as CustomResourceDefinition);
        const formats = unknownFormats(object as CustomResourceDefinition).filter((format) => !before.includes(format));
        return formats.map((format) => `unrecognized format ${JSON.stringify(format)}`);
      },
      markDeleted(object, context) {
        const definition = object as CustomResourceDefinition;
        definition.metadata.finalizers = [...new Set([...(definition.metadata.finalizers ?? []), CLEANUP_FINALIZER])];
        const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
        setCondition(
          definition,
          { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message },
          context.now,
        );
      },
    },
  });
}

function setDefaults({ spec, ...definition }: CustomResourceDefinition): void {
  // What is missing is reported by validation, which comes later.
  const { names } = (spec ??= {} as CustomResourceDefinition['spec']);
  if (names !== undefined) {
    names.singular ||= names.kind?.toLowerCase() ?? '';
    if (names.kind) names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  if (spec.preserveUnknownFields === false) delete spec.preserveUnknownFields;
  const service = spec.conversion.webhook?.clientConfig?.['service'] as { port?: number } | undefined;
  if (service !== undefined) service.port ??= 443;
  void definition;
}

function addStoredVersion({ spec, status }: CustomResourceDefinition): void {
  const storage = spec.versions?.find((version) => version.storage)?.name;
  const stored = status.storedVersions ?? [];
  if (storage !== undefined && !stored.includes(storage)) status.storedVersions = [...stored, storage];
}
