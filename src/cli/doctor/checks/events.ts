/** What went wrong in the last hour and has not passed. */
import { type Check, count, type Problem, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isReady } from '../operator.ts';
import type { Event } from '../../../kube/objects.ts';

const HOUR_MS = 3_600_000;
const MOST = 10;

function at(event: Event): number {
  return Date.parse(event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp ?? '');
}

/** Warnings of the last hour about injectors, or about what is in the operator's namespace. */
function warnings({ lists, now, operatorNamespace }: Facts): Event[] {
  const wanted = new Set(lists.injectors.items.map(({ metadata }) => metadata.name));
  return lists.events.items.filter((event) => {
    const { kind, name = '', namespace = '' } = event.regarding ?? {};
    const ours = kind === 'SidecarInjector' ? wanted.has(name) : namespace === operatorNamespace;
    return event.type === 'Warning' && ours && now.getTime() - at(event) < HOUR_MS;
  });
}

/** A thing that is well again needs no warning about what was. */
function isUnwell({ lists }: Facts): (event: Event) => boolean {
  const unready = new Set(
    lists.injectors.items
      .filter(({ status }) => !status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'))
      .map(({ metadata }) => metadata.name),
  );
  const pods = new Set(lists.operatorPods.items.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name));
  return ({ regarding: { kind, name = '' } }) =>
    kind === 'SidecarInjector' ? unready.has(name) : kind === 'Pod' && pods.has(name);
}

function eventProblems(facts: Facts): Problem[] {
  return warnings(facts)
    .filter(isUnwell(facts))
    .toSorted((a, b) => at(b) - at(a))
    .slice(0, MOST)
    .map((event) => {
      const { kind = '', name = '', namespace = '' } = event.regarding;
      const where = namespace === '' ? '' : `-n ${namespace} `;
      const times = event.series === undefined ? '' : ` (${event.series.count} times)`;
      return {
        state: 'warn',
        about: `${kind.toLowerCase()}/${name}`,
        message: `${event.reason}: ${event.note}${times}`,
        evidence: `Event of ${new Date(at(event)).toISOString()}`,
        fix: `kubectl ${where}describe ${kind.toLowerCase()} ${name}`,
      };
    });
}

export const EVENTS: readonly Check[] = [
  {
    id: 'SI090',
    category: 'events',
    title: 'no Warning of the last hour is about something that is still not well',
    severity: 'warn',
    meaning: 'Kubernetes or the operator warned of an injector or of a pod of the operator, and it has not recovered.',
    remedy: 'Read the Event; other checks name the cause.',
    reads: ['events', 'injectors', 'operatorPods'],
    after: ['SI010'],
    run: (facts) => verdict(eventProblems(facts), `${count(warnings(facts).length, 'Warning')} in the last hour`),
  },
];
