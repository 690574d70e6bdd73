/** Numbers that may be shares: pkg/apis/apps/validation ValidatePositiveIntOrPercent, IsNotMoreThan100Percent. */
import type { FieldError } from '../types.ts';
import { invalidValue, isValidPercent, validateNonNegative, validateText } from '../validation.ts';

/** The number before the percent sign, or the number itself; 0 for what is neither. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.parseInt(typeof value === 'string' ? value : '', 10) || 0;
}

/** A count or a percentage; absent ones are not looked at. */
export function validateIntOrPercent(field: string, value: unknown): FieldError[] {
  if (value === '') return isValidPercent('').map((text) => invalidValue(field, value, text));
  return [...validateText(isValidPercent, field, value), ...validateNonNegative(field, value)];
}

/** A percentage that stays within the whole. */
export function validateShare(field: string, value: unknown): FieldError[] {
  const isShare = typeof value === 'string' && isValidPercent(value).length === 0;
  return isShare && numberOf(value) > 100 ? [invalidValue(field, value, 'must not be greater than 100%')] : [];
}
