/** Flags and environment of `sidecar-injector operator`, checked as a whole: all that is wrong is said at once. */

import { randomUUID } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { parseArgs } from 'node:util';
import { operatorError } from './errors.ts';

export interface Config {
  /** The kubeconfig file; undefined for KUBECONFIG, ~/.kube/config or the service account, in this order. */
  readonly kubeconfig: string | undefined;
  /** Where the operator's Services, Secrets and Lease are. */
  readonly namespace: string;
  readonly webhookHost: string;
  readonly webhookPort: number;
  /** Runs in a pod of the cluster that it serves: replicas are told apart by their pods, not by their ports. */
  readonly inCluster: boolean;
  readonly healthPort: number;
  /** Published instead of the Service, for an operator outside the cluster. Without a slash at its end. */
  readonly webhookUrl: string | undefined;
  /** A file with the authorities (PEM) whose clients alone may call admission; undefined for everybody. */
  readonly clientCaFile: string | undefined;
  /** Common names or DNS names of those clients; empty for any. */
  readonly clientNames: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseName: string;
  /** Unique for each process: the holder of the Lease, the reporter of Events. */
  readonly identity: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'text';
  /** How long requests are answered after the wish to stop, so that the cluster learns of it. */
  readonly drainSeconds: number;
  /** How many times as fast as in life a rollover of trust goes: for tests. */
  readonly rolloverPace: number;
}

export type Command =
  | { kind: 'operator'; config: Config }
  /** `text` is for standard output. */
  | { kind: 'help'; text: string };

export type Environment = Record<string, string | undefined>;

interface Flag {
  value: string;
  help: string;
  /** Environment variables that stand for the flag, the first one set counts. */
  env: string[];
  boolean?: true;
  /** For tests: not in the text of --help. */
  hidden?: true;
}

const flag = (name: string, value: string, help: string, ...env: string[]): Flag => ({
  value,
  help,
  env: [`SIDECAR_INJECTOR_${name.toUpperCase().replaceAll('-', '_')}`, ...env],
});

const FLAGS = {
  kubeconfig: flag(
    'kubeconfig',
    'FILE',
    'kubeconfig to use; default KUBECONFIG, ~/.kube/config, or the service account',
  ),
  namespace: flag(
    'namespace',
    'NAME',
    "the operator's own namespace; default sidecar-injector-system",
    'POD_NAMESPACE',
  ),
  'webhook-host': flag('webhook-host', 'ADDRESS', 'address to serve admission on; default all'),
  'webhook-port': flag('webhook-port', 'PORT', 'port to serve admission on; default 10250, 0 for any'),
  'webhook-url': flag('webhook-url', 'URL', 'development: publish this https URL instead of the Service'),
  'client-ca-file': flag(
    'client-ca-file',
    'FILE',
    'answer admission only to clients with a certificate of these authorities (PEM, read again when it changes); default all',
  ),
  'client-names': flag(
    'client-names',
    'NAMES',
    'with --client-ca-file: common names or DNS names of such clients, with commas between them; default any',
  ),
  'health-port': flag('health-port', 'PORT', 'port for /healthz, /readyz and /metrics; default 8080, 0 for any'),
  'leader-elect': {
    ...flag('leader-elect', '', 'reconcile only while holding the Lease; default true (--no-leader-elect)'),
    boolean: true,
  },
  'lease-name': flag('lease-name', 'NAME', 'name of the Lease; default sidecar-injector'),
  identity: flag('identity', 'NAME', 'name of this replica; default the pod or host name and a random part'),
  'log-level': flag('log-level', 'LEVEL', 'debug, info, warn or error; default info'),
  'log-format': flag('log-format', 'FORMAT', 'json or text; default text on a terminal, json elsewhere'),
  'drain-seconds': flag('drain-seconds', 'SECONDS', 'how long to go on serving after SIGTERM; default 12'),
  'rollover-pace': {
    ...flag('rollover-pace', 'NUMBER', 'how many times as fast as in life a rollover of trust goes; default 1'),
    hidden: true,
  },
} satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

/** The text of --help. */
export const helpText = (): string =>
  [
    'Usage: sidecar-injector operator [flags]',
    '',
    'Injects sidecars into pods, as SidecarInjector objects say, and looks after its own webhook certificate.',
    '',
    'Flags (environment variable):',
    ...Object.entries<Flag>(FLAGS)
      .filter(([, { hidden }]) => hidden !== true)
      .flatMap(([name, { value, help, env }]) => [
        `  --${name}${value && ` ${value}`}`,
        `        ${help} (${env.join(', ')})`,
      ]),
    '  --help',
    '        this text',
    '',
  ].join('\n');

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const isFlag = (name: string): name is FlagName => Object.hasOwn(FLAGS, name);

/** The words of the command line; what is wrong with them goes to `problems`. */
const readFlags = (args: string[], problems: string[]): { given: Map<FlagName, string>; help: boolean } => {
  // parseArgs' strict mode stops at the first problem.
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options: optionsOf() });
  const given = new Map<FlagName, string>();
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    const negated = token.name === 'no-leader-elect';
    const name = negated ? 'leader-elect' : token.name;
    if (name === 'help' || name === 'h') help = true;
    else if (!isFlag(name)) problems.push(`unknown flag ${token.rawName}`);
    else if (name === 'leader-elect') given.set(name, negated ? 'false' : (token.value ?? 'true'));
    else if (token.value === undefined || token.value === '') problems.push(`--${name} needs a value`);
    else given.set(name, token.value);
  }
  return { given, help };
};

const optionsOf = (): Record<string, { type: 'string' | 'boolean' }> => ({
  ...Object.fromEntries(
    Object.entries<Flag>(FLAGS).map(([name, { boolean }]) => [name, { type: boolean ? 'boolean' : 'string' } as const]),
  ),
  'no-leader-elect': { type: 'boolean' },
  help: { type: 'boolean' },
});

/** `::` takes IPv4 too, but a machine without IPv6 cannot listen on it. */
const anyAddress = (): string =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'))
    ? '::'
    : '0.0.0.0';

/** A webhook's URL as the API server takes it (k8s.io/apiserver/pkg/util/webhook/validation.go). */
const urlProblem = (text: string): string | undefined => {
  const url = URL.parse(text);
  if (!url) return 'is not a URL';
  if (url.protocol !== 'https:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user';
  if (url.search !== '' || url.hash !== '') return 'must not hold a query or a fragment';
  return undefined;
};

/**
 * Reads the command line: the arguments after `operator`. A flag counts more than the environment.
 * Throws SI1001 that lists everything that is wrong.
 *
 * @example
 * parseCommand(['--log-level', 'debug'], process.env, { tty: true })
 */
export const parseCommand = (args: string[], env: Environment, { tty }: { tty: boolean }): Command => {
  const problems: string[] = [];
  const { given, help } = readFlags(args, problems);
  if (help) return { kind: 'help', text: helpText() };

  const read = (name: FlagName): string | undefined =>
    given.get(name) ??
    FLAGS[name].env.map((variable) => env[variable]).find((value) => value !== undefined && value !== '');
  const checked = (name: FlagName, fallback: string, problem: (text: string) => string | undefined): string => {
    const text = read(name) ?? fallback;
    const wrong = problem(text);
    if (wrong !== undefined) problems.push(`--${name} ${JSON.stringify(text)} ${wrong}`);
    return text;
  };
  const number = (name: FlagName, fallback: number, max: number): number =>
    Number(
      checked(name, String(fallback), (text) =>
        /^\d{1,9}$/.test(text) && Number(text) <= max ? undefined : `must be a whole number from 0 to ${max}`,
      ),
    );
  const oneOf = <W extends string>(name: FlagName, fallback: W, words: readonly W[]): W =>
    checked(name, fallback, (text) =>
      words.some((word) => word === text) ? undefined : `must be one of ${words.join(', ')}`,
    ) as W;
  const matching = (name: FlagName, fallback: string, rule: RegExp, wrong: string): string =>
    checked(name, fallback, (text) => (rule.test(text) ? undefined : wrong));

  const config: Config = {
    kubeconfig: read('kubeconfig'),
    namespace: matching('namespace', 'sidecar-injector-system', DNS_LABEL, 'must be the name of a namespace'),
    webhookHost: read('webhook-host') ?? anyAddress(),
    webhookPort: number('webhook-port', 10_250, 65_535),
    inCluster: read('kubeconfig') === undefined && !env['KUBECONFIG'] && (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '',
    webhookUrl: read('webhook-url') && checked('webhook-url', '', urlProblem).replace(/\/+$/, ''),
    clientCaFile: read('client-ca-file'),
    clientNames: (read('client-names') ?? '').split(',').flatMap((name) => name.trim() || []),
    healthPort: number('health-port', 8080, 65_535),
    leaderElect: oneOf('leader-elect', 'true', ['true', 'false']) === 'true',
    leaseName: matching('lease-name', 'sidecar-injector', DNS_SUBDOMAIN, 'must be the name of a Lease'),
    identity: matching(
      'identity',
      `${env['POD_NAME'] || hostname()}_${randomUUID().slice(0, 8)}`,
      /^[\w.-]{1,128}$/,
      'must be 1 to 128 letters, digits, dots, dashes or underscores',
    ),
    logLevel: oneOf('log-level', 'info', ['debug', 'info', 'warn', 'error']),
    logFormat: oneOf('log-format', tty ? 'text' : 'json', ['json', 'text']),
    drainSeconds: number('drain-seconds', 12, 300),
    rolloverPace: Math.max(1, number('rollover-pace', 1, 1000)),
  };
  if (config.clientNames.length > 0 && config.clientCaFile === undefined) {
    problems.push('--client-names is of no use without --client-ca-file');
  }
  if (problems.length > 0) throw operatorError('SI1001', { problems: problems.join('; ') });
  return { kind: 'operator', config: Object.freeze(config) };
};
