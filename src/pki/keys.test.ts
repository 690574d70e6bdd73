import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatePrivateKey, parsePrivateKey } from './keys.ts';

test('a key is made, and whoever stops meanwhile does not wait for it', async () => {
  assert.equal(parsePrivateKey(await generatePrivateKey(2048))?.asymmetricKeyDetails?.modulusLength, 2048);
  const stop = new AbortController();
  let made = false;
  const key = generatePrivateKey(4096, stop.signal).then(() => {
    made = true;
  });
  stop.abort(new Error('stopped'));
  await assert.rejects(key, /stopped/);
  assert.equal(made, false);
  await assert.rejects(generatePrivateKey(2048, stop.signal), /stopped/);
});
