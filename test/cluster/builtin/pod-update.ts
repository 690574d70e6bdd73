/** pkg/apis/core/validation/validation.go: ValidatePodUpdate and ValidatePodEphemeralContainersUpdate. */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../types.ts';
import { forbiddenField, invalidValue, isInRange, required } from '../validation.ts';
import type { Container, PodSpec, Toleration } from './pod-types.ts';
import { validateTolerations } from './pod-validate.ts';

const MAX_INT32 = 2 ** 31 - 1;

/** validateContainersOnlyForPod: templates may have such images, pods may not. */
export function validateImages(containers: Container[] | undefined, path: string): FieldError[] {
  return (containers ?? []).flatMap(({ image = '' }, index) =>
    image.trim() === image
      ? []
      : [invalidValue(`${path}[${index}].image`, image, 'must not have leading or trailing whitespace')],
  );
}

function containerUpdates(containers: Container[], path: string): FieldError[] {
  return containers.flatMap(({ image = '' }, index) => {
    const at = `${path}[${index}].image`;
    if (image === '') return [required(at)];
    return image.trim() === image ? [] : [invalidValue(at, image, 'must not have leading or trailing whitespace')];
  });
}

function tolerationUpdates(tolerations: Toleration[], old: Toleration[], path: string): FieldError[] {
  const bare = ({ tolerationSeconds: _seconds, ...rest }: Toleration): Omit<Toleration, 'tolerationSeconds'> => rest;
  const kept = old.every((before) =>
    tolerations.some((toleration) => isDeepStrictEqual(bare(toleration), bare(before))),
  );
  if (!kept) return [forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds')];
  return validateTolerations(tolerations, path);
}

/** ValidatePodUpdate: images, the deadline, more tolerations and fewer scheduling gates are all that may change. */
export function validatePodUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of ['containers', 'initContainers'] as const) {
    const [now = [], before = []] = [spec[key], old[key]];
    if (now.length !== before.length)
      return [...errors, forbiddenField(`spec.${key}`, 'pod updates may not add or remove containers')];
    errors.push(...containerUpdates(now, `spec.${key}`));
  }
  const [deadline, oldDeadline] = [spec.activeDeadlineSeconds, old.activeDeadlineSeconds];
  const field = 'spec.activeDeadlineSeconds';
  if (deadline !== undefined) {
    const outside = isInRange(deadline, 0, MAX_INT32).map((text) => invalidValue(field, deadline, text));
    if (outside.length > 0) return [...errors, ...outside];
    if (oldDeadline !== undefined && oldDeadline < deadline)
      return [...errors, invalidValue(field, deadline, 'must be less than or equal to previous value')];
  } else if (oldDeadline !== undefined)
    errors.push(invalidValue(field, null, 'must not update from a positive integer to nil value'));
  errors.push(...tolerationUpdates(spec.tolerations ?? [], old.tolerations ?? [], 'spec.tolerations'));
  const gates = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries())
    if (!gates.has(name))
      errors.push(
        forbiddenField(
          `spec.schedulingGates[${index}].name`,
          "only deletion is allowed, but found new scheduling gate '" + name + "'",
        ),
      );
  const images = (containers: Container[] | undefined, from: Container[] | undefined): Container[] | undefined =>
    containers?.map((container, index) => ({ ...container, ...imageOf(from?.[index]) }));
  const fixed: PodSpec = { ...spec };
  for (const key of ['containers', 'initContainers'] as const) {
    const same = images(spec[key], old[key]);
    if (same) fixed[key] = same;
  }
  for (const key of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const) {
    delete fixed[key];
    if (old[key] !== undefined) Object.assign(fixed, { [key]: old[key] });
  }
  if (gates.size > 0 && spec['nodeSelector']) fixed['nodeSelector'] = old['nodeSelector'];
  if (isDeepStrictEqual(withoutUndefined(fixed), withoutUndefined(old))) return errors;
  const updatable =
    '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  return [...errors, forbiddenField('spec', `pod updates may not change fields other than ${updatable}\n`)];
}

function imageOf(container: Container | undefined): { image?: string } {
  return container?.image === undefined ? {} : { image: container.image };
}

function withoutUndefined(spec: PodSpec): unknown {
  return JSON.parse(JSON.stringify(spec));
}

/** What was added once stays as it is. */
export function validateEphemeralUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  return (old.ephemeralContainers ?? []).flatMap((before) => {
    const now = (spec.ephemeralContainers ?? []).find(({ name }) => name === before.name);
    if (now && isDeepStrictEqual(withoutUndefined(now), withoutUndefined(before))) return [];
    const text = `existing ephemeral containers "${before.name}" may not be ${now ? 'changed' : 'removed'}\n`;
    return [forbiddenField('spec.ephemeralContainers', text)];
  });
}
