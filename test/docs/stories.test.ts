/** Every YAML block and every command of the documentation is run, page by page, as a reader would. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RESOURCES } from '../../src/kube/resources.ts';
import { list, remove } from '../../src/kube/verbs.ts';
import { stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { deleteInjector } from '../e2e/support/fixture.ts';
import { install } from '../e2e/support/installation.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { type RunningOperator, startOperator } from '../e2e/support/operator.ts';
import { bundleIn } from '../rotation/program.ts';
import { until } from '../support/until.ts';
import { type Block, blocksOf } from './blocks.ts';
import { readPage, STORIES } from './pages.ts';
import { isRun, runStory } from './story.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

/** Few blocks cannot be run; whoever adds one has to raise this. */
const MOST_NOT_RUN = 8;

/** Whether nothing of the operator is left afterwards. */
const uninstalls = (block: Block): boolean =>
  isRun(block) && /delete .*-k config\/default|make undeploy/.test(block.text);

const RUN = STORIES.map((page) => ({ page, blocks: blocksOf(readPage(page)) }));

test('few blocks are not run', () => {
  const left = RUN.flatMap(({ page, blocks }) =>
    blocks.flatMap(({ options, line }) => (options['no-run'] === undefined ? [] : [`${page}:${line}`])),
  );
  assert.ok(left.length <= MOST_NOT_RUN, left.join('\n'));
});

describe('stories', { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' }, () => {
  let environment: Environment;
  let operator: RunningOperator;
  let bundle = '';
  let namespaces: ReadonlySet<string | undefined>;

  const installed = async (): Promise<void> => {
    await install(environment);
    operator = await startOperator(environment, { program: bundle });
  };
  const namespacesOf = async (): Promise<Set<string | undefined>> => {
    const { items } = await list(environment.client, RESOURCES.namespaces);
    return new Set(items.map(({ metadata }) => metadata.name));
  };
  /** For the next page. */
  const tidy = async ({ shell }: Workplace): Promise<void> => {
    const { items } = await list(environment.client, RESOURCES.sidecarInjectors);
    for (const { metadata } of items) await deleteInjector(environment.client, metadata.name ?? '');
    for (const name of (await namespacesOf()).difference(namespaces)) {
      await remove(environment.client, RESOURCES.namespaces, { name: name ?? '' });
    }
    await shell(`
      kubectl delete deployments,pods --all --now
      kubectl --namespace sidecar-injector-system delete deployments --all
      kubectl delete mutatingwebhookconfigurations --all
    `);
    await until('namespaces are gone', async () => (await namespacesOf()).size === namespaces.size);
  };
  const workplaceFor = (page: string): Workplace => {
    const directory = path.join(environment.directory, page.replaceAll('/', '-'));
    mkdirSync(directory);
    return openWorkplace(directory, environment.kubeconfig, bundle);
  };

  const programs = mkdtempSync(path.join(tmpdir(), 'sidecar-injector-docs-'));
  before(async () => {
    bundle = await bundleIn(programs);
    environment = await openEnvironment({ external: null, nodes: true });
    await installed();
    namespaces = await namespacesOf();
  });
  after(async () => {
    await stopChildren();
    await environment.close();
    rmSync(programs, { recursive: true });
  });

  const OBJECT = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }';
  const BROKEN: Record<string, [block: string, says: RegExp]> = {
    'a command that does not exist': ['```sh\nkubectl sidecar-injector nothing\n```', /SI6001/],
    'a target that does not exist': ['```sh\nmake nothing\n```', /no target nothing/],
    'another output': ['```console\n$ kubectl get sci -o name\nsomething\n```', /prints/],
    'an unknown field': [`\`\`\`yaml\n${OBJECT}\ndate: {}\n\`\`\``, /unknown field "date"/],
    'an object that is not refused': [`\`\`\`yaml refused=no\n${OBJECT}\n\`\`\``, /was not refused/],
    'a folder that does not exist': ['```sh\nkubectl apply -k config/nothing\n```', /config\/nothing/],
  };
  for (const [what, [broken, says]] of Object.entries(BROKEN)) {
    test(`${what} is found`, async () => {
      const blocks = blocksOf(`\`\`\`sh\ntrue\n\`\`\`\n${broken}`);
      await assert.rejects(runStory('page.md', blocks, workplaceFor(what)), ({ message }: Error) => {
        assert.match(message, /^page\.md:5: /);
        assert.match(message, says);
        return true;
      });
    });
  }

  for (const { page, blocks } of RUN) {
    if (!blocks.some(isRun)) continue;
    test(page, async () => {
      const workplace = workplaceFor(page);
      try {
        await runStory(page, blocks, workplace);
      } finally {
        if (blocks.some(uninstalls)) {
          await operator.stop('SIGKILL');
          await installed();
        }
        await tidy(workplace);
      }
    });
  }
});
