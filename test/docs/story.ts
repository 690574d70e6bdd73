/** Runs the blocks of a page, in order. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Block, isAsTold, stepsOf } from './blocks.ts';
import type { Workplace } from './workplace.ts';

interface Document {
  kind?: string;
  metadata?: { name?: string };
  spec?: { mode?: string };
}

const documentsOf = (yaml: string): Document[] => parseAllDocuments(yaml).map((one) => (one.toJS() ?? {}) as Document);

const HERE = /https:\/\/github\.com\/sidecar-injector\/sidecar-injector\/\/([^?\s]*)\?ref=\S+/g;

/** A kustomization is built, with the folders of this repository instead of those on GitHub. */
async function buildKustomization({ text }: Block, { folder, shell }: Workplace): Promise<void> {
  await shell('mkdir -p kustomization');
  writeFileSync(path.join(folder, 'kustomization/kustomization.yaml'), text.replaceAll(HERE, '../$1'));
  const { code, stderr } = await shell('kubectl kustomize --load-restrictor LoadRestrictionsNone kustomization');
  assert.equal(code, 0, stderr);
}

async function applyYaml(block: Block, workplace: Workplace): Promise<void> {
  const { file, refused } = block.options;
  if (file !== undefined) {
    writeFileSync(path.join(workplace.folder, file), `${block.text}\n`);
    return;
  }
  const documents = documentsOf(block.text);
  if (documents.some(({ kind }) => kind === 'Kustomization')) return buildKustomization(block, workplace);
  writeFileSync(path.join(workplace.folder, 'block.yaml'), `${block.text}\n`);
  const applied = await workplace.shell('kubectl apply --validate=strict -f block.yaml');
  if (refused !== undefined) {
    assert.notEqual(applied.code, 0, 'it was not refused');
    assert.ok(applied.stderr.includes(refused), applied.stderr);
    return;
  }
  assert.equal(applied.code, 0, applied.stderr);
  for (const { kind, metadata, spec } of documents) {
    if (kind !== 'SidecarInjector' || (spec?.mode ?? 'Enforce') === 'Paused') continue;
    const waited = await workplace.shell(`kubectl wait sci/${metadata?.name} --for=condition=Ready --timeout=20s`);
    assert.equal(waited.code, 0, waited.stderr);
  }
}

async function runCommands(block: Block, { shell }: Workplace): Promise<void> {
  const wanted = Number(block.options['exits'] ?? 0);
  for (const { command, output } of stepsOf(block)) {
    const { code, stdout, stderr } = await shell(command);
    assert.equal(code, wanted, `${command}\n${stdout}${stderr}`);
    if (output !== undefined)
      assert.ok(isAsTold(output, `${stderr}\n${stdout}`), `${command} prints\n${stderr}${stdout}`);
  }
}

/** How a block is run; undefined: not at all. */
const runnerOf = ({
  language,
  options,
}: Block): ((block: Block, workplace: Workplace) => Promise<void>) | undefined => {
  if (options['no-run'] !== undefined) return undefined;
  if (language === 'yaml') return applyYaml;
  return language === 'sh' || language === 'console' ? runCommands : undefined;
};

export const isRun = (block: Block): boolean => runnerOf(block) !== undefined;

/** @throws AssertionError of the first block that is not as the page says, with the line. */
export async function runStory(page: string, blocks: readonly Block[], workplace: Workplace): Promise<void> {
  for (const block of blocks) {
    try {
      await runnerOf(block)?.(block, workplace);
    } catch (error) {
      throw new Error(`${page}:${block.line}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}
