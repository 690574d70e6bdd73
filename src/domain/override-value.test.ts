import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Override } from '../api/v1alpha1/types.ts';
import type { FieldKind } from './override-path.ts';
import { readValue } from './override-value.ts';

const reading = (text: string, kind: FieldKind, override: Partial<Override> = {}): unknown =>
  readValue(text, { annotation: 'a', path: '/p', type: 'string', ...override }, kind);

const TAKEN: [what: string, text: string, kind: FieldKind, override: Partial<Override>, value?: string | number][] = [
  ['a text as long as allowed', 'abc', 'text', { maxLength: 3 }],
  ['any text, where the list of choices is empty', 'abc', 'text', { enum: [] }],
  ['one of the choices', 'b', 'text', { enum: ['a', 'b'] }],
  ['the least number', '2', 'text', { type: 'integer', min: 2, max: 4 }],
  ['the greatest number', '4', 'text', { type: 'integer', min: 2, max: 4 }],
  ['the least amount', '500m', 'quantity', { type: 'quantity', min: '0.5', max: 1 }],
  ['the greatest amount', '1000m', 'quantity', { type: 'quantity', min: '0.5', max: 1 }],
  ['an amount of nothing', '0', 'quantity', { type: 'quantity' }],
  ['a number of nothing', '0', 'integer', { type: 'integer' }, 0],
  ['the greatest number that a field holds', '2147483647', 'integer', { type: 'integer' }, 2_147_483_647],
  ['a negative number, where the field is a text', '-5', 'text', { type: 'integer' }],
  ['an empty label', '', 'label', {}],
  ['a label of one letter', 'a', 'label', {}],
  ['the longest label', 'a'.repeat(63), 'label', {}],
  ['the pull policy Always', 'Always', 'pullPolicy', {}],
  ['the pull policy IfNotPresent', 'IfNotPresent', 'pullPolicy', {}],
  ['the pull policy Never', 'Never', 'pullPolicy', {}],
];
for (const [what, text, kind, override, value = text] of TAKEN) {
  test(`taken: ${what}`, () => assert.deepEqual(reading(text, kind, override), { value }));
}

const REFUSED: [what: string, text: string, kind: FieldKind, override: Partial<Override>, says: RegExp][] = [
  ['a text of endless length', 'x'.repeat(4097), 'text', {}, /longer than 4096/],
  ['none of the choices', 'c', 'text', { enum: ['a', 'b'] }, /one of a, b$/],
  ['a pull policy that Kubernetes does not know', 'Sometimes', 'pullPolicy', {}, /one of Always, IfNotPresent, Never$/],
  ['too long a label', 'a'.repeat(64), 'label', {}, /label value/],
  ['a word for a field of numbers', 'soon', 'integer', {}, /whole number/],
  ['a fraction for a field of numbers', '1.5', 'integer', {}, /whole number/],
  ['a negative number for a field of numbers', '-1', 'integer', { type: 'integer' }, /not negative/],
  ['a number beyond 32 bits for a field of numbers', '2147483648', 'integer', { type: 'integer' }, /whole number/],
  ['an amount beyond 64 bits', '8Ei', 'quantity', { type: 'quantity' }, /quantity/],
  ['a word for a field of amounts', 'much', 'quantity', {}, /quantity/],
  ['a type that this version does not know', '1', 'text', { type: 'duration' as never }, /unknown type duration/],
];
for (const [what, text, kind, override, says] of REFUSED) {
  test(`refused: ${what}`, () => {
    const result = reading(text, kind, override) as { error?: string };
    assert.match(result.error ?? '', says);
  });
}
