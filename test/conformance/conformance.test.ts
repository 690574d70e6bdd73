/**
 * Replays conversations recorded from a Kubernetes 1.36 API server (`transcripts/`) against the cluster of KUBECONFIG or,
 * without one, against the in-memory cluster: the same files, both ways. The recorded control plane had neither scheduler
 * nor kubelet, so pods are judged as API objects; it reached webhooks on 127.0.0.1, so the cluster must run on this host.
 */

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { createReplayClient, type ReplayClient } from './replay/client.ts';
import { newRunId } from './replay/placeholders.ts';
import { describeFailures } from './replay/report.ts';
import { runScenario } from './replay/run.ts';
import { loadScenarios } from './replay/scenario.ts';

const scenarios = loadScenarios(path.join(import.meta.dirname, 'transcripts'));

describe('answers as Kubernetes 1.36 does', { concurrency: 4 }, () => {
  let environment: Environment | undefined;
  let client: ReplayClient;

  before(async () => {
    environment = await openEnvironment();
    client = createReplayClient(environment.kubeconfig);
  });
  after(async () => {
    client?.close();
    await environment?.close();
  });

  for (const scenario of scenarios) {
    test(`${scenario.name}: ${scenario.description}`, async () => {
      const failed = await runScenario(scenario, client, newRunId());
      assert.equal(failed.length, 0, describeFailures(failed));
    });
  }
});
