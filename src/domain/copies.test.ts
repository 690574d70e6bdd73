import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Copies } from './copies.ts';

for (const count of [1, 100]) {
  test(`${count} nodes are copied once each, and the originals stay as they are`, () => {
    const copies = new Copies();
    const nodes = Array.from({ length: count }, (_, index) => (index % 2 === 0 ? { index } : [index]));
    const first = nodes.map((node) => copies.writable(node));
    for (const [index, copy] of first.entries()) {
      assert.notEqual(copy, nodes[index]);
      assert.deepEqual(copy, nodes[index]);
      assert.equal(copies.writable(copy), copy);
    }
  });
}
