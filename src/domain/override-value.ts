/** The value of an override's annotation: typed, bounded, and fit for the field that it goes to. */
import type { Override } from '../api/v1alpha1/types.ts';
import { parseBoolean } from './annotation.ts';
import type { FieldKind } from './override-path.ts';
import { amountOf } from './quantity.ts';

/** For texts without a bound of their own. */
const MAX_TEXT = 4096;
const INTEGER = /^-?\d{1,15}$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

export type Reading = { value: string | number } | { error: string };

/** Reads the annotation's text as the override's type and checks its bounds, then those of the field. */
export function readValue(text: string, override: Override, kind: FieldKind): Reading {
  const { maxLength = MAX_TEXT } = override;
  if (text.length > maxLength) return { error: `is longer than ${maxLength} characters` };
  if (text.includes('\0')) return { error: 'has a NUL character' };
  if (override.enum !== undefined && override.enum.length > 0 && !override.enum.includes(text)) {
    return { error: `must be one of ${override.enum.join(', ')}` };
  }
  const typed = typedText(text, override);
  if ('error' in typed) return typed;
  const { fits, error } = MISFITS[kind];
  if (!fits(typed.value)) return { error };
  // Environment and arguments are texts in the API, whatever they mean; only fields of numbers hold numbers.
  return { value: kind === 'integer' ? Number(typed.value) : typed.value };
}

function typedText(text: string, override: Override): { value: string } | { error: string } {
  switch (override.type) {
    case 'string':
      return { value: text };
    case 'boolean': {
      const value = parseBoolean(text);
      return value === undefined ? { error: 'must be "true" or "false"' } : { value: String(value) };
    }
    case 'integer':
      return INTEGER.test(text) ? bounded(text, Number(text), override) : { error: 'must be a whole number' };
    case 'quantity': {
      const amount = amountOf(text);
      return amount === undefined
        ? { error: 'must be a quantity such as 500m or 64Mi' }
        : bounded(text, amount, override);
    }
    default:
      return { error: `has the unknown type ${String(override.type)}` };
  }
}

function bounded(text: string, amount: number, { min, max }: Override): { value: string } | { error: string } {
  if (amount < (amountOf(min) ?? -Infinity)) return { error: `must be at least ${min}` };
  if (amount > (amountOf(max) ?? Infinity)) return { error: `must be at most ${max}` };
  return { value: text };
}

/** What the API server would refuse in a field. */
const MISFITS: Record<FieldKind, { fits: (value: string) => boolean; error: string }> = {
  text: { fits: () => true, error: '' },
  image: { fits: (value) => /^[^\s\p{Cc}]+$/u.test(value), error: 'must be an image without spaces' },
  pullPolicy: {
    fits: (value) => PULL_POLICIES.includes(value),
    error: `must be one of ${PULL_POLICIES.join(', ')}`,
  },
  label: { fits: (value) => LABEL_VALUE.test(value), error: 'must be a label value' },
  quantity: {
    fits: (value) => isBetween(amountOf(value) ?? Number.NaN, 2 ** 63),
    error: 'must be a quantity that is not negative',
  },
  integer: {
    fits: (value) => INTEGER.test(value) && isBetween(Number(value), 2 ** 31),
    error: 'must be a whole number that is not negative',
  },
};

function isBetween(amount: number, limit: number): boolean {
  return amount >= 0 && amount < limit;
}
