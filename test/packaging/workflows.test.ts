/** The workflows are what GitHub can read, ask for few rights, and run what there is. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { REPOSITORY } from '../e2e/support/manifests.ts';

interface Step {
  uses?: string;
  run?: string;
}
interface Job {
  uses?: string;
  steps?: Step[];
  strategy?: { matrix: { kubernetes?: string[] } };
}
interface Workflow {
  name: string;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const read = (file: string): string => readFileSync(path.join(REPOSITORY, file), 'utf8');
const FILES = globSync(['.github/workflows/*.yaml', 'config/gitops/example/preview.yaml'], { cwd: REPOSITORY });
const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name = '']) => name));

for (const file of FILES) {
  describe(file, () => {
    const { name, permissions, jobs } = parse(read(file)) as Workflow;
    const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);

    test('has a name, and no right to write but where a job asks for it', () => {
      assert.ok(name.length > 0);
      assert.deepEqual(permissions, { contents: 'read' });
    });

    test('uses actions at a version: a commit, or a tag that Renovate makes a commit of', () => {
      for (const uses of steps.flatMap((step) => step.uses ?? [])) {
        assert.match(uses, /^[\w-]+\/[\w.-]+@([0-9a-f]{40}|v\d+(\.\d+)*)$/, uses);
      }
    });

    test('runs targets of the Makefile and files that there are', () => {
      for (const run of steps.flatMap((step) => step.run ?? [])) {
        for (const [, target = ''] of run.matchAll(/\bmake ([a-z-]+)/g)) assert.ok(targets.has(target), target);
        for (const [found] of run.matchAll(/\bconfig\/[\w./-]+|\.ci\/run/g))
          assert.equal(globSync(found, { cwd: REPOSITORY }).length, 1, found);
      }
      for (const { uses } of Object.values(jobs)) {
        if (uses?.startsWith('./') === true) assert.ok(globSync(uses, { cwd: REPOSITORY }).length === 1, uses);
      }
    });
  });
}

test('four versions of Kubernetes are tried', () => {
  const { jobs } = parse(read('.github/workflows/e2e.yaml')) as Workflow;
  const versions = jobs['kind']?.strategy?.matrix.kubernetes ?? [];
  assert.equal(new Set(versions.map((version) => version.split('.', 2).join('.'))).size, 4);
});

test('Renovate pins images and actions by digest', () => {
  const { extends: presets } = JSON.parse(read('renovate.json')) as { extends: string[] };
  assert.ok(presets.includes('docker:pinDigests') && presets.includes('helpers:pinGitHubActionDigests'));
});
