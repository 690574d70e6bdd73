import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, expressionMistake } from './conditions.ts';

test('a request has the fields of an AdmissionRequest under their own names', () => {
  const expression = "request.namespace == 'n' && request.userInfo.groups.exists(group, group == 'g')";
  assert.equal(expressionMistake(expression, ['bool']), undefined);
  assert.equal(evaluate(expression, { request: { namespace: 'n', userInfo: { groups: ['g'] } } }), true);
  assert.match(expressionMistake('request.nothing', ['bool']) ?? '', /undefined field 'nothing'/);
});

test('an expression of another type says what it got', () => {
  assert.equal(expressionMistake('1', ['bool']), 'must evaluate to bool but got int');
});
