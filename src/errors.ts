/**
 * The catalogue of coded errors. A code is stable: logs, Events, conditions, documentation and alerts refer to it.
 * Each entry says what happened (with `{values}`), what to do about it, and whether trying again can help.
 * docs/errors.md lists the same entries; a test keeps the two equal.
 */

/** What a retry can do: `backoff` try again, later and later; `after` try again at a known time; `never` a change is needed first. */
export type RetryClass = 'backoff' | 'after' | 'never';

interface CatalogueEntry {
  /** What happened. `{name}` is replaced by a value. */
  message: string;
  /** What the reader can do. */
  fix: string;
  retry: RetryClass;
}

const entry = <const M extends string>(message: M, fix: string, retry: RetryClass) => ({ message, fix, retry });

export const CATALOGUE = Object.freeze({
  // Start and configuration.
  SI1001: entry(
    'The configuration is not valid: {problems}',
    'Correct the flags or environment variables named in the message; `sidecar-injector operator --help` lists them.',
    'never',
  ),
  SI1002: entry(
    'No cluster to talk to: {detail}',
    'Run inside a cluster, or give a kubeconfig by --kubeconfig or KUBECONFIG whose current context exists.',
    'never',
  ),
  SI1003: entry(
    'Cannot listen on {address}: {detail}',
    'Free the port or choose another one with --webhook-port or --health-port.',
    'never',
  ),
  SI1004: entry(
    'A part of the operator failed: {component}',
    'The process ends so that Kubernetes restarts it; read the cause in the same log line.',
    'never',
  ),

  // The API server.
  SI2001: entry(
    'The API server cannot be reached: {detail}',
    'Check the address of the API server, the network policy of the namespace, and that the server runs.',
    'backoff',
  ),
  SI2002: entry(
    'The API server did not answer {method} {path} within {seconds} s',
    'Look for an overloaded API server, a slow admission webhook on this resource, or a broken network path.',
    'backoff',
  ),
  SI2003: entry(
    "The API server's certificate is not trusted: {detail}",
    'Check certificate-authority of the kubeconfig, or ca.crt in the service account volume.',
    'backoff',
  ),
  SI2004: entry(
    'The answer to {method} {path} is not what Kubernetes sends: {detail}',
    'Look for a proxy between the operator and the API server that changes or cuts answers.',
    'backoff',
  ),
  SI2005: entry(
    'The credentials for the API server cannot be read: {detail}',
    'Check the service account token volume, or the user entry of the kubeconfig and its exec plugin.',
    'backoff',
  ),
  SI2006: entry(
    'The watch of {resource} sent a line of more than {limit} bytes',
    'An object of this size cannot come from etcd; look for a proxy that joins answers.',
    'backoff',
  ),
  SI2007: entry(
    'The watch of {resource} ended: {detail}',
    'Nothing to do: the operator resumes it. If it repeats, look at the API server and the network path.',
    'backoff',
  ),
  SI2008: entry(
    'The resource {resource} is not served by this cluster',
    'Install the CustomResourceDefinitions (`make install`) or use a Kubernetes version that serves it.',
    'backoff',
  ),
  SI2009: entry(
    'The operator may not {verb} {resource}: {detail}',
    'Apply the RBAC rules of this version of the operator (config/rbac).',
    'backoff',
  ),

  // Leadership.
  SI2101: entry(
    'The Lease {lease} was lost: {detail}',
    'Nothing to do: another replica takes over and this one stands by.',
    'backoff',
  ),

  // Certificates. What a signer says stands in the conditions, in its own words.
  SI3007: entry(
    'A key or a signature could not be made: {detail}',
    'Report it with the log line; the operator tries again with a new key.',
    'backoff',
  ),

  // The objects that the operator owns.
  SI4001: entry(
    '{kind} {name} exists and belongs to somebody else',
    'Rename the SidecarInjector, or delete the object after making sure that nobody needs it.',
    'backoff',
  ),

  // Admission requests.
  SI5001: entry(
    'An admission request was refused: {detail}',
    'The sender is not the API server of this cluster, or something between changes the request.',
    'never',
  ),
  SI5002: entry(
    'An admission request cannot be answered now: {detail}',
    'Nothing to do: the API server tries another replica or asks again.',
    'after',
  ),
  SI5003: entry(
    'A defect in the decision about a pod: {detail}',
    'Report it with the log line; the failurePolicy of the webhook decided about the pod.',
    'never',
  ),

  // The command line.
  SI6001: entry(
    'The command line of {command} is not valid: {problems}',
    'Correct the command line; every command shows its flags and examples with --help.',
    'never',
  ),
  SI6002: entry(
    'The input {source} cannot be read: {detail}',
    'Check the path and its permissions; the text must be UTF-8.',
    'never',
  ),
  SI6003: entry(
    'The input {source} is not YAML or JSON: {detail}',
    'Correct the document at the line in the message.',
    'never',
  ),
  SI6004: entry(
    'There is no SidecarInjector among the inputs',
    'Add its manifest with -f; `kubectl get sidecarinjectors -o yaml` prints those of a cluster.',
    'never',
  ),
  SI6005: entry(
    'The SidecarInjector {name} in {source} is not valid: {problems}',
    'Correct the fields in the message; `kubectl explain sidecarinjector.spec` describes them.',
    'never',
  ),
  SI6006: entry(
    'The document {source} cannot be written with its sidecars',
    'Report it with the document; until then use `-o json`.',
    'never',
  ),
  SI6007: entry(
    'There is no {kind} {name}',
    'Check the name, the namespace (-n) and the cluster (--context); `kubectl get` lists what there is.',
    'never',
  ),
  SI6008: entry(
    'Not within {seconds} s: {what}',
    '`kubectl sidecar-injector status NAME` shows how far it is, `kubectl sidecar-injector doctor` what stands in the way.',
    'never',
  ),
  SI6009: entry(
    'There is no pod and no workload among the inputs',
    'Add a manifest with -f; for kinds of your own say with --pod-path where their pod template is.',
    'never',
  ),
} satisfies Record<string, CatalogueEntry>);

export type ErrorCode = keyof typeof CATALOGUE;

type Placeholders<M extends string> = M extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** The values that the message of a code needs; the compiler checks their names. */
export type ErrorValues<C extends ErrorCode> = Record<Placeholders<(typeof CATALOGUE)[C]['message']>, string | number>;

/** An error of the catalogue. `message` is `what happened`; `fix` says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: ErrorCode;
  readonly fix: string;
  readonly retry: RetryClass;
  /** For `after`: how long to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fix = CATALOGUE[code].fix;
    this.retry = CATALOGUE[code].retry;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Makes an error of the catalogue.
 *
 * @example
 * throw operatorError('SI2001', { detail: 'connect ECONNREFUSED 10.0.0.1:443' }, { cause });
 */
export const operatorError = <C extends ErrorCode>(
  code: C,
  values: ErrorValues<C>,
  options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
): OperatorError => {
  const lookup: Record<string, string | number> = values;
  const message = CATALOGUE[code].message.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(lookup, name) ? String(lookup[name]) : whole,
  );
  return new OperatorError(code, message, options);
};

const textOf = (thrown: unknown): string => {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? '';
  } catch {
    return 'something that is no error';
  }
};

/** How many causes are followed; they may go in a circle. */
const MAX_CAUSES = 6;

/** A one-line text of anything thrown, with the causes that add something. For conditions and Events. */
export const describeError = (error: unknown): string => {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined; depth++) {
    const text = textOf(current).replaceAll(/\s+/g, ' ');
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
};
