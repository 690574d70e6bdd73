import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startCluster } from '../index.ts';
import type { Cluster } from '../index.ts';
import type { JsonObject, User } from '../types.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ann: User = { username: 'ann', groups: ['system:authenticated'] };
let cluster: Cluster;

async function ask(group: string, plural: string, spec: object, user = ann, namespace = ''): Promise<JsonObject> {
  const place = namespace ? `namespaces/${namespace}/` : '';
  const path = `/apis/${group}.k8s.io/v1/${place}${plural}`;
  const metadata = namespace ? { namespace } : {};
  const { status, body } = await cluster.client.request('POST', path, { metadata, spec }, { user });
  assert.equal(status, 201, JSON.stringify(body));
  return body['status'] as JsonObject;
}

before(async () => {
  cluster = await startCluster();
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
  const root = `/apis/${RBAC}/v1/namespaces/default`;
  await cluster.client.request('POST', `${root}/roles`, { metadata: { name: 'r' }, rules });
  await cluster.client.request('POST', `${root}/rolebindings`, {
    metadata: { name: 'r' },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', apiGroup: RBAC, name: 'ann' }],
  });
});
after(() => cluster.stop());

test('everybody may ask what he may do, and gets the rules that hold in the namespace', async () => {
  const status = await ask('authorization', 'selfsubjectrulesreviews', { namespace: 'default' });
  assert.equal(status['incomplete'], false);
  const mine = (status['resourceRules'] as JsonObject[]).filter(({ resources }) => String(resources) === 'pods');
  assert.deepEqual(mine, [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]);
  const elsewhere = await ask('authorization', 'selfsubjectrulesreviews', { namespace: 'kube-system' });
  assert.equal(
    (elsewhere['resourceRules'] as JsonObject[]).some(({ resources }) => String(resources) === 'pods'),
    false,
  );
});

test('who may ask about others learns the reason', async () => {
  const root: User = { username: 'root', groups: ['system:masters'] };
  const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' };
  const about = { user: 'ann', resourceAttributes };
  const reason = 'RBAC: allowed by RoleBinding "r/default" of Role "r" to User "ann"';
  assert.deepEqual(await ask('authorization', 'subjectaccessreviews', about, root), { allowed: true, reason });
  const local = await ask('authorization', 'localsubjectaccessreviews', about, root, 'default');
  assert.equal(local['allowed'], true);
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { status } = await cluster.client.request('POST', path, { spec: about }, { user: ann });
  assert.equal(status, 403);
});

test('a token review tells whom a token stands for, only for its audience', async () => {
  const root: User = { username: 'root', groups: ['system:masters'] };
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await cluster.client.request('POST', accounts, { metadata: { name: 'robot' } });
  const { body } = await cluster.client.request('POST', `${accounts}/robot/token`, { spec: { audiences: ['vault'] } });
  const { token } = body['status'] as { token: string };
  const good = await ask('authentication', 'tokenreviews', { token, audiences: ['vault', 'x'] }, root);
  assert.deepEqual([good['authenticated'], good['audiences']], [true, ['vault']]);
  assert.equal((good['user'] as JsonObject)['username'], 'system:serviceaccount:default:robot');
  const bad = await ask('authentication', 'tokenreviews', { token }, root);
  assert.equal(bad['authenticated'], undefined);
  assert.match(String(bad['error']), /is invalid for the target audiences/);
});
