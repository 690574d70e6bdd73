import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { History } from './history.ts';

const filled = (capacity: number, revisions: number[]): History => {
  const history = new History(capacity);
  for (const resourceVersion of revisions) {
    const metadata = { name: 'a', resourceVersion: String(resourceVersion) };
    history.push({ type: 'MODIFIED', resourceVersion, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata } });
  }
  return history;
};

describe('History', () => {
  it('goes on after a revision, also one between two events', () => {
    const history = filled(10, [3, 5, 9]);
    const after = (revision: number): number | undefined =>
      history.at(history.cursorAfter(revision) ?? -1)?.resourceVersion;
    assert.deepEqual([0, 3, 4, 5, 8].map(after), [3, 5, 5, 9, 9]);
    assert.equal(history.cursorAfter(9), history.end);
  });

  it('keeps a bounded number of events, and knows which are gone', () => {
    const revisions = Array.from({ length: 1000 }, (_, index) => index + 1);
    const history = filled(10, revisions);
    const kept = revisions.filter((_, sequence) => history.at(sequence) !== undefined);
    assert.ok(kept.length >= 10 && kept.length <= 20, `${kept.length} are kept`);
    assert.equal(kept.at(-1), 1000);
    assert.equal(history.cursorAfter((kept[0] ?? 0) - 2), undefined);
    assert.notEqual(history.cursorAfter((kept[0] ?? 0) - 1), undefined);
  });
});
