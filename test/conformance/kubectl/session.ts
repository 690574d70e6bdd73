/** A kubectl of one version at work in a namespace of its own. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Environment } from '../../e2e/support/environment.ts';
import { kubectlOf, type Kubectl } from '../../e2e/support/kubectl.ts';
import { until } from '../../support/until.ts';
import { newRunId } from '../replay/placeholders.ts';

export interface Session {
  /** Unlike on any other run, also for the names of cluster-scoped objects. */
  readonly name: string;
  /** Writes the objects to a file that kubectl can read, and gives back its path. */
  file(...objects: object[]): string;
  /** Runs kubectl in the namespace; gives back its standard output. Fails when kubectl does. */
  ok(...argv: string[]): Promise<string>;
  /** The same for a command that must fail; gives back its standard error. */
  refused(...argv: string[]): Promise<string>;
  /** The named object as JSON. */
  read<T = Record<string, unknown>>(resource: string): Promise<T>;
  /** Waits until there is no such object. */
  gone(resource: string): Promise<void>;
  kubectl: Kubectl;
  /** The same commands as another user, whose kubeconfig has nothing but a token. */
  withToken(token: string): Promise<Session>;
}

interface Config {
  clusters: object[];
}

/** Starts the session of kubectl 1.`minor` and makes its namespace. */
export const openSession = async (environment: Environment, minor: number): Promise<Session> => {
  const name = `kubectl-${minor}-${newRunId()}`;
  const session = sessionOf(environment.kubeconfig, path.join(environment.directory, name), { name, minor });
  await session.ok('create', 'namespace', name);
  await until('the namespace has its service account', async () => session.ok('get', 'serviceaccount', 'default'));
  return session;
};

const sessionOf = (kubeconfig: string, directory: string, who: { name: string; minor: number }): Session => {
  mkdirSync(directory, { recursive: true });
  const run = kubectlOf(who.minor, kubeconfig, directory);
  const kubectl: Kubectl = (...argv) => run('-n', who.name, ...argv);
  let files = 0;
  const ok: Session['ok'] = async (...argv) => {
    const { code, stdout, stderr } = await kubectl(...argv);
    assert.equal(code, 0, `kubectl ${argv.join(' ')}: ${stderr || stdout}`);
    return stdout;
  };
  return {
    name: who.name,
    kubectl,
    ok,
    file(...objects) {
      const file = path.join(directory, `${files++}.yaml`);
      writeFileSync(file, objects.map((object) => stringify(object, { version: '1.1' })).join('---\n'));
      return file;
    },
    async refused(...argv) {
      const { code, stdout, stderr } = await kubectl(...argv);
      assert.notEqual(code, 0, `kubectl ${argv.join(' ')} was to fail: ${stdout}`);
      return stderr;
    },
    read: async <T>(resource: string) => JSON.parse(await ok('get', resource, '-o', 'json')) as T,
    gone: async (resource) => {
      await until(`${resource} is gone`, async () => {
        const { code, stderr } = await kubectl('get', resource);
        return code !== 0 && stderr.includes('(NotFound)');
      });
    },
    async withToken(token) {
      const { clusters } = JSON.parse(await ok('config', 'view', '--raw', '--minify', '-o', 'json')) as Config;
      const context = { cluster: (clusters[0] as { name: string }).name, user: 'token' };
      const file = path.join(directory, 'token.kubeconfig');
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters,
        users: [{ name: 'token', user: { token } }],
        contexts: [{ name: 'token', context }],
        'current-context': 'token',
      };
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      return sessionOf(file, path.join(directory, 'token'), who);
    },
  };
};
