/** That the rotation test notices a wrong order. The whole table: `make rotation-switches`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { stopChildren } from '../../e2e/support/child.ts';
import { REPOSITORY } from '../../e2e/support/manifests.ts';
import { runRotation } from '../run.ts';
import { patched } from './patch.ts';
import { optionsWith } from './run.ts';
import { patchesOf, SWITCHES } from './table.ts';

after(stopChildren);

describe('switches', () => {
  for (const { name, scene } of SWITCHES) {
    test(`${name} fits the sources`, () => {
      const patches = patchesOf(scene, name);
      for (const file of new Set(patches.map((patch) => patch.file))) {
        const source = readFileSync(path.join(REPOSITORY, file), 'utf8');
        const own = patches.filter((patch) => patch.file === file);
        assert.notEqual(patched(source, own), source);
      }
    });
  }

  test('a patch that no longer fits is refused', () => {
    assert.throws(() => patched('text', [{ file: 'a.ts', find: 'other', replace: '' }]), /does not fit a\.ts/);
    assert.throws(() => patched('twice twice', [{ file: 'a.ts', find: 'twice', replace: '' }]), /2 times/);
  });
});

/** One for each side of the protocol: trust before serving, and no distrust before the last replica follows. */
const SHORT = ['replace-trust', 'serve-before-trust', 'blind-replicas', 'no-drain'];

for (const each of SWITCHES.filter(({ name }) => SHORT.includes(name))) {
  test(`a rollover is noticed in which a step is left out: ${each.breaks}`, { timeout: 200_000 }, async (t) => {
    const figures = await runRotation(optionsWith(each));
    t.diagnostic(figures.text());
    assert.ok(figures.countOf(each.noticedBy) > 0, figures.text());
  });
}
