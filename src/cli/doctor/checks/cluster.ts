/** Is there a cluster that this can work in? */
import { type Check, count, ok, skip, verdict, type Problem } from '../check.ts';
import type { Facts, ListName } from '../facts.ts';

/** Kubernetes since when ValidatingAdmissionPolicy and matchConditions are there for good. */
const OLDEST_MINOR = 30;
/** The newest that this version was tried on. */
const NEWEST_MINOR = 36;
/** Certificates are made to be valid five minutes before; TLS forgives less. */
const MOST_SKEW_MS = 30_000;

/** 1.36.2 from `v1.36.2-gke.5`; undefined for what is no version. */
function minorOf(version: string): number | undefined {
  const found = /^v?1\.(\d+)/.exec(version)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** How far the clock of the API server is ahead of ours, in milliseconds, at least: it tells whole seconds. */
export function skewOf(now: Date, { time, tookMs }: { time: Date; tookMs: number }): number {
  const earliest = time.getTime() - now.getTime();
  const latest = earliest + 1000 + tookMs;
  return earliest > 0 ? earliest : Math.min(0, latest);
}

function clockProblems({ now, server, lists, operatorNamespace }: Facts): Problem[] {
  const { clock } = server;
  if (clock === undefined) return [];
  const problems: Problem[] = [];
  const skew = skewOf(now, clock);
  if (Math.abs(skew) > MOST_SKEW_MS) {
    problems.push({
      state: 'warn',
      about: 'this machine',
      message: `its clock is ${seconds(skew)} than that of the API server, so what doctor says of dates may be wrong`,
      evidence: `API server ${clock.time.toISOString()}, here ${now.toISOString()}`,
      fix: 'synchronise the clock of this machine (NTP)',
    });
  }
  for (const { metadata, spec } of lists.leases.items) {
    const renewed = Date.parse(spec?.renewTime ?? '');
    const ahead = renewed - clock.time.getTime() - 1000;
    if (Number.isNaN(renewed) || ahead < MOST_SKEW_MS) continue;
    problems.push({
      state: 'fail',
      about: `lease/${metadata.name}`,
      message: `the operator's clock is ahead of that of the API server by ${Math.round(ahead / 1000)} s: it goes by the API server's until they agree`,
      evidence: `the Lease was renewed at ${spec?.renewTime} in namespace ${operatorNamespace}, and the API server says it is ${clock.time.toISOString()}`,
      fix: 'synchronise the clocks of the nodes (NTP)',
    });
  }
  return problems;
}

function seconds(skewMs: number): string {
  return `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'slower' : 'faster'}`;
}

export const CLUSTER: readonly Check[] = [
  {
    id: 'SI001',
    category: 'cluster',
    title: 'the API server answers',
    severity: 'fail',
    meaning: 'Nothing else can be looked at.',
    remedy: 'Check the kubeconfig, its context, and the network between this machine and the API server.',
    run: ({ server }) =>
      server.error === undefined
        ? ok(server.url)
        : verdict(
            [
              {
                state: 'fail',
                about: server.url,
                message: server.error,
                fix: 'kubectl cluster-info; then check --kubeconfig and --context',
              },
            ],
            '',
          ),
  },
  {
    id: 'SI002',
    category: 'cluster',
    title: `the version of Kubernetes is 1.${OLDEST_MINOR} or newer`,
    severity: 'fail',
    meaning: 'The CustomResourceDefinition, match conditions or the policy of the probe namespace may not work.',
    remedy: 'Upgrade the cluster, or use an older version of sidecar-injector.',
    after: ['SI001'],
    run: ({ server: { version = '' } }) => {
      const minor = minorOf(version);
      if (minor === undefined) return skip(`${JSON.stringify(version)} is no version that doctor knows`);
      if (minor > NEWEST_MINOR) return ok(`${version}; newer than the newest that was tried, 1.${NEWEST_MINOR}`);
      const message = `it is ${version}`;
      return minor >= OLDEST_MINOR
        ? ok(version)
        : verdict([{ state: 'fail', about: 'cluster', message, fix: 'upgrade the cluster' }], '');
    },
  },
  {
    id: 'SI003',
    category: 'cluster',
    title: 'the clocks agree',
    severity: 'fail',
    meaning: 'A certificate is refused as "expired or not yet valid" by whoever has another time.',
    remedy: 'Synchronise the clocks of the nodes by NTP.',
    after: ['SI001'],
    run: (facts) =>
      facts.server.clock === undefined
        ? skip('the API server did not say what time it is')
        : verdict(clockProblems(facts), `within ${MOST_SKEW_MS / 1000} s`),
  },
  {
    id: 'SI004',
    category: 'cluster',
    title: 'you may read what doctor looks at',
    severity: 'warn',
    meaning: 'The checks that need it are skipped, and each of them says so.',
    remedy: 'Run doctor as somebody who may list what it names.',
    after: ['SI001'],
    run: ({ lists }) => {
      const names = Object.keys(lists) as ListName[];
      const hidden = names.filter((name) => lists[name].hidden !== undefined && name !== 'customResourceDefinitions');
      const problems = hidden.map((name): Problem => ({
        state: 'warn',
        about: name,
        message: `cannot be read: ${lists[name].hidden}`,
        fix: `kubectl auth can-i list ${name === 'operatorPods' ? 'pods' : name.toLowerCase()} -A`,
      }));
      return verdict(problems, count(names.length, 'list'));
    },
  },
];
