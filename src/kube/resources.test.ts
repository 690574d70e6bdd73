import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RESOURCES, apiVersionOf, resourceOfPath, resourcePath } from './resources.ts';

describe('the path of a resource', () => {
  it('is that of the API', () => {
    const { pods, namespaces, leases, sidecarInjectors } = RESOURCES;
    assert.equal(resourcePath(pods), '/api/v1/pods');
    assert.equal(
      resourcePath(pods, { namespace: 'a', name: 'b', subresource: 'status' }),
      '/api/v1/namespaces/a/pods/b/status',
    );
    assert.equal(resourcePath(namespaces, { name: 'a' }), '/api/v1/namespaces/a');
    assert.equal(resourcePath(leases, { namespace: 'a' }), '/apis/coordination.k8s.io/v1/namespaces/a/leases');
    assert.equal(
      resourcePath(sidecarInjectors, { namespace: 'ignored', name: 'nginx' }),
      '/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors/nginx',
    );
    assert.equal(apiVersionOf(pods), 'v1');
    assert.equal(apiVersionOf(leases), 'coordination.k8s.io/v1');
  });

  it('cannot be left by a name', () => {
    assert.equal(
      resourcePath(RESOURCES.pods, { namespace: 'a/../b', name: 'c?d' }),
      '/api/v1/namespaces/a%2F..%2Fb/pods/c%3Fd',
    );
  });
});

describe('the resource of a path', () => {
  it('is a bounded word, never a name', () => {
    const targets = [{}, { name: 'n' }, { namespace: 'a' }, { namespace: 'a', name: 'n' }];
    for (const resource of Object.values(RESOURCES)) {
      for (const target of targets) {
        assert.equal(resourceOfPath(resourcePath(resource, target)), resource.plural);
      }
      const path = resourcePath(resource, { namespace: 'a', name: 'n', subresource: 'status' });
      assert.equal(resourceOfPath(`${path}?x=y`), `${resource.plural}/status`);
    }
    for (const path of ['/', '/version', '/api', '/apis/apps', '/healthz'])
      assert.equal(resourceOfPath(path), 'other', path);
  });
});
