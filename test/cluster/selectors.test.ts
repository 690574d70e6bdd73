import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fieldSelectorMatches,
  labelSelectorMatches,
  parseFieldSelector,
  parseLabelSelector,
  requirementsMatch,
} from './selectors.ts';

const selects = (text: string, labels: Record<string, string>): boolean =>
  requirementsMatch(parseLabelSelector(text), labels);

test('a label selector in text selects what its requirements say', () => {
  const labels = { app: 'web', tier: '3', empty: '' };
  const cases: Record<string, boolean> = {
    '': true,
    app: true,
    '!app': false,
    '! missing': true,
    'app=web,tier==3': true,
    'app!=web': false,
    'missing!=web': true,
    'app in (db, web)': true,
    'app notin (db,web)': false,
    'missing notin (a)': true,
    'tier>2,tier<4': true,
    'app>2': false,
    'empty=': true,
    'empty in ()': true,
    'in in (in)': false,
    'app in (,web)': true,
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(selects(text, labels), expected, text);
});

test('names of the object prototype are ordinary label keys', () => {
  for (const key of ['constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(selects(key, {}), false);
    assert.equal(labelSelectorMatches({ matchExpressions: [{ key, operator: 'Exists' }] }, {}), false);
  }
});

test('mistakes get the messages of the API server', () => {
  const cases: Record<string, string> = {
    'g===1': "unable to parse requirement: found '=', expected: identifier",
    'g=a b': "found 'b', expected: ',' or 'end of string'",
    'a in (b': "unable to parse requirement: found '', expected: ',' or ')'",
    'g>x': `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    'a,': "found '', expected: identifier after ','",
    '(a)': "found '(', expected: !, identifier, or 'end of string'",
    'a b': "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
  };
  for (const [text, message] of Object.entries(cases))
    assert.throws(() => parseLabelSelector(text), { message, code: 400 }, text);
});

test('no selector selects nothing, an empty one everything', () => {
  assert.equal(labelSelectorMatches(undefined, { a: 'b' }), false);
  assert.equal(labelSelectorMatches({}, undefined), true);
  assert.equal(labelSelectorMatches({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, {}), true);
});

test('values of field selectors may be escaped', () => {
  const parsed = parseFieldSelector(String.raw`a.b=x\,y,c!=z\=`);
  assert.deepEqual(parsed, [
    { field: 'a.b', equal: true, value: 'x,y' },
    { field: 'c', equal: false, value: 'z=' },
  ]);
  assert.equal(
    fieldSelectorMatches(parsed, (field) => (field === 'a.b' ? 'x,y' : 'other')),
    true,
  );
  assert.throws(() => parseFieldSelector('a'), { message: "invalid selector: 'a'; can't understand 'a'" });
  assert.throws(() => parseFieldSelector(String.raw`a=\x`), {
    message: String.raw`invalid field selector: invalid escape sequence: \x`,
  });
});
