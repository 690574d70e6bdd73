import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector } from '../../test/support/injector-facts.ts';
import type { LabelledNamespace } from './near-match.ts';
import { selectorFacts } from './status-selector.ts';

const yes = { inject: 'yes' };
const labelled = (labels: Record<string, string>, ...names: string[]): LabelledNamespace[] =>
  names.map((name) => ({ name, labels }));
const told = (...namespaces: LabelledNamespace[]): string => selectorFacts(injector, namespaces, 'operators').message;

test('the namespaces that are selected are named, the first five of many', () => {
  const five = ['a', 'b', 'c', 'd', 'e'];
  const facts = selectorFacts(injector, [...labelled(yes, ...five), ...labelled({}, 'other')], 'operators');
  assert.deepEqual(facts, { matches: true, message: 'selects a, b, c, d, e' });
  assert.equal(told(...labelled(yes, ...five, 'f', 'g')), 'selects a, b, c, d, e and 2 more');
});

test('where no namespace matches, nothing more is said than is known', () => {
  const facts = selectorFacts(injector, labelled({ app: 'x' }, 'apps', 'kube-system'), 'operators');
  assert.deepEqual(facts, { matches: false, message: 'no namespace matches spec.selection.namespaceSelector' });
});

test('where no namespace matches, those that nearly do are named', () => {
  const message = told(...labelled({ injekt: 'yes' }, 'apps', 'shop'));
  assert.match(message, /; nearly: apps has injekt=yes, wanted is inject=yes: .*; shop has injekt=yes/);
});

test('a namespace that is never injected is no match, and named only where its labels ask for it', () => {
  for (const name of ['kube-system', 'kube-node-lease', 'sidecar-injector-probe', 'operators']) {
    const facts = selectorFacts(injector, [...labelled(yes, name), ...labelled({}, 'apps')], 'operators');
    assert.equal(facts.matches, false);
    assert.match(facts.message, new RegExp(`; never injected: ${name}$`));
  }
  const message = told(...labelled(yes, 'operators'), ...labelled({}, 'kube-system', 'apps'));
  assert.match(message, /; never injected: operators$/);
});
