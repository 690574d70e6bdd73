import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessAttributes } from '../types.ts';
import { RequestAuthorizer } from './authorizer.ts';
import { compile } from './index.ts';

const asked: AccessAttributes[] = [];
const user = { username: 'ann', groups: [] };
const authorizer = new RequestAuthorizer(
  {
    authorize(attributes) {
      asked.push(attributes);
      return { allowed: attributes.verb === 'get', reason: 'because' };
    },
  },
  { user, group: 'apps', version: 'v1', resource: 'deployments', namespace: 'n', name: 'd' },
);

const evaluate = (expression: string): unknown => compile(expression, { authorizer: 'dyn' }).evaluate({ authorizer });

test('each step of an expression narrows the question', () => {
  const steps = "group('apps').resource('deployments').subresource('scale').namespace('n').name('d')";
  assert.equal(evaluate(`authorizer.${steps}.check('get').allowed()`), true);
  const [version, namespace, name] = ['*', 'n', 'd'];
  const resource = { group: 'apps', version, resource: 'deployments', subresource: 'scale' };
  assert.deepEqual(asked.at(-1), { user, verb: 'get', ...resource, namespace, name });
  assert.equal(evaluate("authorizer.path('/healthz').check('post').allowed()"), false);
  assert.deepEqual(asked.at(-1), { user, verb: 'post', path: '/healthz' });
});

test('the resource of the request, other accounts, and reasons', () => {
  assert.equal(evaluate("authorizer.requestResource.check('get').reason()"), 'because');
  assert.equal(asked.at(-1)?.name, 'd');
  evaluate("authorizer.serviceAccount('ns', 'robot').group('').resource('pods').check('list').allowed()");
  assert.equal(asked.at(-1)?.user.username, 'system:serviceaccount:ns:robot');
});
