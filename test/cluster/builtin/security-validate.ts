/** pkg/apis/core/validation/validation.go: the parts of security contexts that pods and containers share. */
import type { FieldError, JsonObject } from '../types.ts';
import { invalidValue, isInRange, required, validateOneOf } from '../validation.ts';
import { validateLocalPath } from './volume-validate.ts';

const MAX_ID = 2 ** 31 - 1;

function validateId(field: string, value: unknown): FieldError[] {
  return value === undefined ? [] : isInRange(value, 0, MAX_ID).map((text) => invalidValue(field, value, text));
}

/** validateSeccompProfileField */
function validateSeccomp(profile: JsonObject | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const errors = validateOneOf(['Localhost', 'RuntimeDefault', 'Unconfined'], `${path}.type`, type);
  const field = `${path}.localhostProfile`;
  if (type !== 'Localhost')
    return localhostProfile === undefined
      ? errors
      : [...errors, invalidValue(field, profile, 'can only be set when seccomp type is Localhost')];
  return typeof localhostProfile === 'string'
    ? [...errors, ...validateLocalPath(localhostProfile, field)]
    : [...errors, required(field, 'must be set when seccomp type is Localhost')];
}

/** Users, groups and the seccomp profile, in the order of ValidateSecurityContext and validatePodSpecSecurityContext. */
export function validateIdentity(context: JsonObject, path: string): FieldError[] {
  const groups = (context['supplementalGroups'] ?? []) as number[];
  return [
    ...['fsGroup', 'runAsUser', 'runAsGroup'].flatMap((key) => validateId(`${path}.${key}`, context[key])),
    ...groups.flatMap((group, index) => validateId(`${path}.supplementalGroups[${index}]`, group)),
    ...validateSeccomp(context['seccompProfile'] as JsonObject | undefined, `${path}.seccompProfile`),
  ];
}
