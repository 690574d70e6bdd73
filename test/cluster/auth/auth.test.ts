import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, createIdentity } from '../identity.ts';
import { X509Certificate } from 'node:crypto';
import { Store } from '../storage/store.ts';
import type { AccessAttributes, AdmissionAttributes, ControllerContext, KubeObject, Resource, User } from '../types.ts';
import { bootstrapObjects, clusterRoleAggregation, createAuthenticator, createAuthorizer } from './index.ts';
import { refuseEscalation } from './escalation.ts';
import { RBAC } from './rbac.ts';
import { serviceAccountUser } from './users.ts';

const person: User = { username: 'jane', groups: ['system:authenticated', 'devs'] };
const robot = serviceAccountUser('team', 'robot', 'uid-1', {});

function clusterWith(...objects: KubeObject[]): Store {
  const store = new Store();
  for (const object of [...bootstrapObjects(), ...objects])
    store.create(`${object.kind.toLowerCase()}s.${RBAC}`, structuredClone(object));
  return store;
}

function role(name: string, rules: unknown[], namespace?: string): KubeObject {
  const kind = namespace ? 'Role' : 'ClusterRole';
  return { apiVersion: `${RBAC}/v1`, kind, metadata: { name, ...(namespace ? { namespace } : {}) }, rules };
}

function binding(kind: string, name: string, subject: object, namespace?: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: { name: `${name}-binding`, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [subject],
  };
}

const JANE = { kind: 'User', apiGroup: RBAC, name: 'jane' };
const pods = (verb: string, more: Partial<AccessAttributes> = {}): AccessAttributes => ({
  user: person,
  verb,
  group: '',
  version: 'v1',
  resource: 'pods',
  namespace: 'team',
  ...more,
});

test('a fresh cluster lets members of system:masters do all, everybody discover, and strangers see the version', () => {
  const authorizer = createAuthorizer(clusterWith());
  const may = (user: User, path: string): boolean => authorizer.authorize({ user, verb: 'get', path }).allowed;
  const stranger: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
  assert.equal(
    authorizer.authorize({ ...pods('delete'), user: { username: 'root', groups: ['system:masters'] } }).allowed,
    true,
  );
  assert.equal(may(person, '/apis/apps/v1'), true);
  assert.equal(may(stranger, '/apis/apps/v1'), false);
  assert.equal(may(stranger, '/version'), true);
  assert.deepEqual(authorizer.authorize(pods('get')), { allowed: false, reason: '' });
});

test('rules limit verbs, names, subresources and namespaces', () => {
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods', '*/log'], resourceNames: ['web'] }];
  const authorizer = createAuthorizer(clusterWith(role('r', rules, 'team'), binding('Role', 'r', JANE, 'team')));
  assert.deepEqual(authorizer.authorize(pods('get', { name: 'web' })), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "r-binding/team" of Role "r" to User "jane"',
  });
  assert.equal(authorizer.authorize(pods('get', { name: 'other' })).allowed, false);
  assert.equal(authorizer.authorize(pods('list')).allowed, false);
  assert.equal(authorizer.authorize(pods('get', { name: 'web', subresource: 'log' })).allowed, true);
  assert.equal(authorizer.authorize(pods('get', { name: 'web', subresource: 'exec' })).allowed, false);
  assert.equal(authorizer.authorize(pods('get', { name: 'web', namespace: 'other' })).allowed, false);
});

test('the binding of a role that does not exist is told with the refusal', () => {
  const authorizer = createAuthorizer(clusterWith(binding('ClusterRole', 'gone', JANE)));
  assert.deepEqual(authorizer.authorize(pods('get')), {
    allowed: false,
    reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
  });
});

test('aggregated roles hold the rules of the roles they select, also later ones', async () => {
  const store = clusterWith(binding('ClusterRole', 'view', JANE));
  const authorizer = createAuthorizer(store);
  assert.equal(authorizer.authorize(pods('list')).allowed, false);
  const stop = clusterRoleAggregation({ store } as unknown as ControllerContext);
  assert.equal(authorizer.authorize(pods('list')).allowed, true);
  const extra = role('extra', [{ verbs: ['list'], apiGroups: ['example.com'], resources: ['things'] }]);
  extra.metadata.labels = { [`${RBAC}/aggregate-to-view`]: 'true' };
  store.create(`clusterroles.${RBAC}`, extra);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(authorizer.authorize(pods('list', { group: 'example.com', resource: 'things' })).allowed, true);
  stop();
});

test('nobody grants more than he holds, unless he may escalate or bind', () => {
  const held = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }];
  const store = clusterWith(role('held', held), binding('ClusterRole', 'held', JANE));
  const write = (object: KubeObject): AdmissionAttributes => ({
    operation: 'CREATE',
    resource: { group: RBAC, version: 'v1', plural: `${object.kind.toLowerCase()}s` } as Resource,
    subresource: undefined,
    name: object.metadata.name,
    namespace: undefined,
    object,
    oldObject: undefined,
    options: {},
    dryRun: false,
    user: person,
    warn() {},
    deadline: Infinity,
  });
  const check = (object: KubeObject): void => refuseEscalation(write(object), store, createAuthorizer(store));
  check(role('same', held));
  const more = role('more', [{ verbs: ['get', 'delete', 'create'], apiGroups: [''], resources: ['pods'] }]);
  assert.throws(() => check(more), {
    code: 403,
    message:
      'clusterroles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["system:authenticated" "devs"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
  });
  const wide = binding('ClusterRole', 'cluster-admin', JANE);
  assert.throws(() => check(wide), { code: 403 });
  const rights = [{ verbs: ['escalate', 'bind'], apiGroups: [RBAC], resources: ['clusterroles'] }];
  store.create(`clusterroles.${RBAC}`, role('trusted', rights));
  store.create(`clusterrolebindings.${RBAC}`, binding('ClusterRole', 'trusted', JANE));
  check(more);
  check(wide);
});

test('tokens stand for their account as long as it and what they are bound to exist', () => {
  const store = new Store();
  const account = store.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot', namespace: 'team' },
  });
  const pod = store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' } });
  const authority = createAuthority('ca', new Date());
  const authenticator = createAuthenticator({ store, clientCA: authority.certificate, tokens: { secret: person } });
  const { serviceAccountTokens: issuer } = authenticator;
  const who = (token: string): User => authenticator.authenticate({ authorization: `Bearer ${token}` }, undefined);
  const bound = issuer.issue(
    account,
    ['https://kubernetes.default.svc.cluster.local'],
    600,
    {
      pod: { name: 'p', uid: pod.metadata.uid ?? '' },
    },
    new Date(),
  );
  assert.deepEqual(
    [who(bound).username, ...who(bound).groups],
    [robot.username, 'system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
  );
  assert.deepEqual(who(bound).extra?.['authentication.kubernetes.io/pod-name'], ['p']);
  assert.equal(who('secret').username, 'jane');
  const old = issuer.issue(
    account,
    ['https://kubernetes.default.svc.cluster.local'],
    600,
    {},
    new Date(Date.now() - 3_600_000),
  );
  const foreign = issuer.issue(account, ['vault'], 600, {}, new Date());
  for (const token of ['', 'x', 'a.b.c', `${bound}x`, old, foreign])
    if (token !== '') assert.throws(() => who(token), { code: 401 }, token);
  assert.ok('user' in authenticator.review(foreign, ['vault']));
  store.remove('pods', pod);
  assert.throws(() => who(bound), { code: 401 });
});

test('a client certificate names its user only when the cluster signed it for clients', () => {
  const now = new Date();
  const authority = createAuthority('ca', now);
  const authenticator = createAuthenticator({ store: new Store(), clientCA: authority.certificate, tokens: {} });
  const of = { commonName: 'ann', organizations: ['devs', 'ops'], usage: 'client auth' as const };
  const der = (pem: string): Buffer => new X509Certificate(pem).raw;
  const ann = authenticator.authenticate({}, der(createIdentity(authority, of, now).certificate));
  assert.deepEqual([ann.username, ann.groups], ['ann', ['devs', 'ops', 'system:authenticated']]);
  assert.equal(authenticator.authenticate({}, undefined).username, 'system:anonymous');
  const foreign = createIdentity(createAuthority('ca', now), of, now).certificate;
  const server = createIdentity(authority, { ...of, usage: 'server auth' }, now).certificate;
  for (const pem of [foreign, server]) assert.throws(() => authenticator.authenticate({}, der(pem)), { code: 401 });
});
