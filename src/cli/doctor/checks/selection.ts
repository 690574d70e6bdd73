/** Do the selectors meet the labels of namespaces? */
import { selectionOf } from '../../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../../api/v1alpha1/types.ts';
import { nearMatches, type LabelledNamespace, type NearMatch } from '../../../domain/near-match.ts';
import { type Check, count, type Problem, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { mendCommand, type Mend } from '../mend.ts';
import { eligible, selectedBy } from '../namespaces.ts';

/** Injectors whose near misses are looked for: each costs a look at every namespace. */
const MOST_INJECTORS = 20;
const MOST_HINTS = 5;

function nearOf(facts: Facts, injector: SidecarInjector): NearMatch[] {
  const { namespaceSelector } = selectionOf(injector);
  const matched = new Set(selectedBy(facts, injector).map(({ metadata }) => metadata.name));
  return nearMatches(namespaceSelector, unclaimed(facts)).filter(({ namespace }) => !matched.has(namespace));
}

const unclaimedOf = new WeakMap<Facts, readonly LabelledNamespace[]>();

/** The namespaces with the labels that no injector asks for: the others are meant as they are. */
function unclaimed(facts: Facts): readonly LabelledNamespace[] {
  const known = unclaimedOf.get(facts);
  if (known !== undefined) return known;
  const meant = meantLabels(facts);
  const namespaces = eligible(facts).map(({ metadata: { name, labels = {} } }) => {
    const free = Object.entries(labels).filter((pair) => !meant.has(pair.join('=')));
    return { name, labels: Object.fromEntries(free) };
  });
  unclaimedOf.set(facts, namespaces);
  return namespaces;
}

/** `key=value` of every label that some selector asks for. */
function meantLabels(facts: Facts): ReadonlySet<string> {
  const selectors = facts.lists.everyInjector.items.map((each) => selectionOf(each).namespaceSelector);
  return new Set(
    selectors.flatMap(({ matchLabels = {}, matchExpressions = [] }) => [
      ...Object.entries(matchLabels).map((pair) => pair.join('=')),
      ...matchExpressions.flatMap(({ key, values = [] }) => values.map((value) => `${key}=${value}`)),
    ]),
  );
}

/** Only a slip of the pen is mended without thinking: a label that says something else was perhaps meant so. */
function mendOf({ why, label, namespace, found, wanted }: NearMatch): Mend | undefined {
  const [key = '', value] = label.split('=');
  const takesAnother = value === undefined || found.split('=', 1)[0] === key;
  const slip = /misspelt|another prefix/.test(why) && !wanted.startsWith('!') && !wanted.includes(' notin ');
  return slip && !takesAnother ? { kind: 'LabelNamespace', namespace, label: key, value } : undefined;
}

function hint(injector: string, near: NearMatch, state: Problem['state']): Problem {
  const { namespace, wanted, found, why, label } = near;
  const mend = mendOf(near);
  return {
    state,
    about: `namespace/${namespace}`,
    message: `it nearly matches the selector of ${injector}: it has ${found}, wanted is ${wanted}`,
    evidence: why,
    fix: mend === undefined ? `kubectl label --overwrite namespace ${namespace} ${label}` : mendCommand(mend),
    ...(mend !== undefined && { mend }),
  };
}

function unmatched(facts: Facts): Problem[] {
  return facts.lists.injectors.items
    .filter((injector) => selectedBy(facts, injector).length === 0)
    .flatMap((injector, index): Problem[] => {
      const { name } = injector.metadata;
      const { namespaceSelector } = selectionOf(injector);
      const wanted = Object.entries(namespaceSelector.matchLabels ?? {}).map((pair) => pair.join('='));
      const label = wanted.length > 0 ? wanted.join(' ') : 'LABELS-OF-THE-SELECTOR';
      const hints = index < MOST_INJECTORS ? nearOf(facts, injector).slice(0, MOST_HINTS) : [];
      const message = 'no namespace matches its namespaceSelector: no pod is injected';
      return [
        {
          state: 'warn',
          about: `sidecarinjector/${name}`,
          message,
          evidence: JSON.stringify(namespaceSelector),
          fix: `kubectl label namespace NAMESPACE ${label}`,
        },
        ...hints.map((near) => hint(name, near, 'warn')),
      ];
    });
}

function nearly(facts: Facts): Problem[] {
  return facts.lists.injectors.items
    .filter((injector) => selectedBy(facts, injector).length > 0)
    .slice(0, MOST_INJECTORS)
    .flatMap((injector) =>
      nearOf(facts, injector)
        // A label that says something else is no slip where others have it right.
        .filter(({ why }) => why.includes('misspelt') || why.includes('another prefix'))
        .slice(0, MOST_HINTS)
        .map((near) => hint(injector.metadata.name, near, 'warn')),
    );
}

export const SELECTION: readonly Check[] = [
  {
    id: 'SI050',
    category: 'selection',
    title: 'every injector selects a namespace',
    severity: 'warn',
    meaning: 'Everything is green, and no pod is injected.',
    remedy: 'Label the namespaces; those that nearly match are named, and `--fix` labels those that differ by a slip.',
    reads: ['injectors', 'namespaces'],
    after: ['SI010'],
    run: (facts) => verdict(unmatched(facts), count(facts.lists.injectors.items.length, 'injector')),
  },
  {
    id: 'SI051',
    category: 'selection',
    title: 'no namespace misses a selector by a slip',
    severity: 'warn',
    meaning:
      'The label of one namespace is misspelt: its pods start without the sidecar, while those of others have it.',
    remedy: '`sidecar-injector doctor --fix` adds the label.',
    reads: ['injectors', 'namespaces'],
    after: ['SI010'],
    run: (facts) => {
      const { length } = facts.lists.injectors.items;
      const looked = length > MOST_INJECTORS ? `looked at the first ${MOST_INJECTORS} of ${length} injectors` : 'none';
      return verdict(nearly(facts), looked);
    },
  },
];
