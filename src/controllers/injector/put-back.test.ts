/** What is stored, what was seen before and what is served and published -> what to write back. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { injector, operator } from '../../../test/support/injector-facts.ts';
import { desiredWebhookConfiguration } from '../../domain/plan-objects.ts';
import type { MutatingWebhookConfiguration, Secret } from '../../kube/objects.ts';
import { createAuthority, issueServing, type Authority } from '../../pki/authority.ts';
import { generatePrivateKey } from '../../pki/keys.ts';
import { systemClock as clock } from '../../runtime/clock.ts';
import { requiredNames } from '../identity.ts';
import { NO_STATE, type SecretState } from '../secret.ts';
import { candidateOf } from '../serving/identities.ts';
import type { Serving } from '../serving/serving.ts';
import type { Memory } from './context.ts';
import { newerState } from './put-back.ts';

const now = new Date();
const names = requiredNames('nginx', operator);
const authorityNamed = (name: string): Promise<Authority> =>
  createAuthority({ name, now, lifetimeSeconds: 86_400, keySize: 2048 });
const one = await authorityNamed('one');
const two = await authorityNamed('two');
const stateBy = async (authority: Authority, seq: number): Promise<SecretState> => {
  const key = await generatePrivateKey(2048);
  const publicKey = createPublicKey(key);
  const identity = { commonName: 'a', ...names };
  const certificate = await issueServing({ authority, publicKey, identity, now, lifetimeSeconds: 3600 });
  const rollover = { phase: 'Stable', seq, reverts: 0 } as const;
  return { ...NO_STATE, certificate, key, anchors: authority.certificate, rollover };
};
const old = await stateBy(one, 3);
const present = await stateBy(two, 7);

interface Case {
  stored: SecretState;
  newest?: SecretState;
  /** The newest is of a Secret that is no longer there. */
  otherUid?: boolean;
  serves?: SecretState;
  published?: string;
}

const ask = ({ stored, newest, otherUid, serves, published }: Case): [SecretState | undefined, Memory['newest']] => {
  const memory: Pick<Memory, 'newest'> = newest ? { newest: { uid: otherUid ? 'other' : 'uid', state: newest } } : {};
  const served = serves && candidateOf(serves, names, now).identity;
  const context = { operator, clock, serving: { served: () => served } as unknown as Serving };
  const configuration =
    published === undefined
      ? undefined
      : (desiredWebhookConfiguration(injector, operator, published) as unknown as MutatingWebhookConfiguration);
  const secret = { metadata: { uid: 'uid' } } as Secret;
  return [newerState(context, injector, { secret, configuration }, stored, memory), memory.newest];
};

test('a step back is undone, whatever it was a step of', () => {
  const promoted: SecretState = {
    ...present,
    previousAnchors: old.anchors,
    rotated: 'ca-1',
    rollover: { phase: 'Promoted', seq: 9, reverts: 1 },
  };
  for (const serves of [old, present]) {
    const [state] = ask({ stored: old, newest: promoted, serves, published: old.anchors + present.anchors });
    assert.deepEqual(state, { ...promoted, rollover: { phase: 'Promoted', seq: 10, reverts: 1 } });
  }
});

test('who saw nothing newer writes back what it serves, and keeps the trust that others may need', () => {
  const [alone] = ask({ stored: old, serves: present, published: present.anchors });
  assert.equal(alone?.certificate, present.certificate);
  assert.equal(alone.previousAnchors, '');
  assert.ok(alone.rollover.seq > old.rollover.seq);
  const both = present.anchors + old.anchors;
  const [rolling] = ask({ stored: old, newest: present, otherUid: true, serves: present, published: both });
  assert.equal(rolling?.certificate, present.certificate);
  for (const { anchors } of [present, old]) {
    assert.ok(rolling.previousAnchors.replaceAll('\r', '').includes(anchors.replaceAll('\r', '').trim()));
  }
});

const expired = { ...present, certificate: old.certificate };
const kept: [what: string, asked: Case][] = [
  ['it is the newest', { stored: present, newest: old, serves: present, published: present.anchors }],
  ['it is the same again', { stored: present, newest: present, serves: present, published: present.anchors }],
  ['what is newer can no longer be served', { stored: old, newest: expired, serves: old, published: old.anchors }],
  ['what is served is not trusted any more', { stored: present, serves: old, published: present.anchors }],
  [
    'what is served is on its way out',
    { stored: { ...present, previousAnchors: old.anchors }, serves: old, published: old.anchors + present.anchors },
  ],
  ['what is served comes next', { stored: { ...old, next: present }, serves: present, published: present.anchors }],
  ['nobody calls', { stored: old, serves: present }],
  ['nothing is served', { stored: old, published: present.anchors }],
];
for (const [what, asked] of kept) {
  test(`the Secret stays where ${what}`, () => {
    const [state, newest] = ask(asked);
    assert.equal(state, undefined);
    assert.deepEqual(newest, { uid: 'uid', state: asked.stored });
  });
}
