import { duplicateYamlKeys, mediaType, parseYamlObject } from '../http/body.ts';
import { writeOptions } from '../http/options.ts';
import type { WriteOptions } from '../http/options.ts';
import { applyPatch, jsonPatch, mergePatch, strategicMergePatch } from '../patch/index.ts';
import { duplicateErrors } from '../schema/decode.ts';
import { badRequest, invalid, notFound, unsupportedMediaType } from '../status.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { invalidValue } from '../validation.ts';
import { inVersion, managerOf, strategyOf } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { decodeObject, strictText } from './decode.ts';
import type { DecodedObject } from './decode.ts';
import { trackFields, writeInfo } from './fields.ts';
import { checkName, matchNamespace } from './metadata.ts';
import { refuseUid, writeObject } from './update.ts';

const APPLY = 'application/apply-patch+yaml';
const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

/** PATCH of any kind (endpoints/handlers/patch.go). */
export async function patch(call: Call): Promise<Outcome> {
  const type = mediaType(call.contentType);
  const { resource } = call;
  // Custom resources have no Go type that could tell how lists merge.
  const accepted = [JSON_PATCH, MERGE, ...(resource.custom ? [] : [STRATEGIC]), APPLY];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const apply = type === APPLY;
  const options = writeOptions('PatchOptions', call.query, apply);
  const text = call.body.toString('utf8');
  const { object, created } = await writeObject(call, {
    options,
    // Subresources never create what they are part of.
    forceCreate: apply && call.subresource === undefined,
    change(live) {
      const changed = apply ? applied(call, live, text, options) : patched(call, live, text, type, options);
      if (live === undefined) refuseUid(call, changed.metadata.uid);
      matchNamespace(changed.metadata, call.namespace);
      checkName(changed.metadata, call.name);
      return changed;
    },
  });
  return { status: created ? 201 : 200, body: inVersion(resource, object) };
}

function applied(call: Call, live: KubeObject | undefined, text: string, options: WriteOptions): KubeObject {
  const config = parseYamlObject(text);
  const result = applyPatch({
    ...writeInfo(call, options.fieldManager),
    live,
    config,
    kind: call.resource.kind,
    force: options.force,
  });
  const twice = options.fieldValidation === 'Ignore' ? [] : duplicateYamlKeys(text);
  if (twice.length > 0 && options.fieldValidation === 'Strict') {
    const lines = twice.map((each) => `\n  ${each}`).join('');
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:${lines}`);
  }
  for (const each of twice) call.warn(each);
  const object = call.resource.custom ? result : decodeObject(call, result).object;
  strategyOf(call).defaults?.(object);
  return object;
}

function patched(
  call: Call,
  live: KubeObject | undefined,
  text: string,
  type: string,
  options: WriteOptions,
): KubeObject {
  if (!live) throw notFound(call.resource, call.name);
  const current = live as unknown as JsonObject;
  const body = parseJson(text);
  const result =
    type === JSON_PATCH
      ? jsonPatch(current, body)
      : type === MERGE
        ? mergePatch(current, body)
        : strategicMergePatch(current, body, call.resource.schema());
  const { object, strictErrors } = decodePatched(call, result);
  const duplicates = options.fieldValidation === 'Ignore' ? [] : duplicateErrors(text);
  const errors = [...duplicates.map((error) => (type === JSON_PATCH ? `json patch ${error}` : error)), ...strictErrors];
  if (errors.length > 0 && options.fieldValidation === 'Strict') throw refused(result, strictText(errors));
  if (options.fieldValidation === 'Warn') for (const error of errors) call.warn(error);
  strategyOf(call).defaults?.(object);
  trackFields(call, live, object, managerOf(call, options.fieldManager));
  return object;
}

function decodePatched(call: Call, result: JsonObject): DecodedObject {
  try {
    return decodeObject(call, result);
  } catch (error) {
    throw refused(result, (error as Error).message);
  }
}

function refused(result: JsonObject, text: string): Error {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(result), text)]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
