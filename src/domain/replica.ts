/** What a replica says of itself, for the leader (reference/certs.md 3.1). One Lease per replica carries it as an annotation. */

export interface InjectorReport {
  /** Uid of the Secret, and the `seq` of its state, that the replica has acted on. */
  secret: string;
  seq: number;
  /** SHA-256 of the leaf that it serves; empty while it serves none. */
  served: string;
  /** SHA-256 of the caBundle that it has read. */
  trusts: string;
  /** Handshakes that clients refused because they did not trust the certificate, since the replica started. */
  refusals: number;
  /** Who refused last: the address of an API server, or of what stands before it. */
  refusedBy?: string;
}

export interface ReplicaReport {
  replica: string;
  /** Where it serves admission. */
  host: string;
  port: number;
  injectors: Readonly<Record<string, InjectorReport>>;
}

export const REPLICA_LABEL = 'sidecarinjector.dev/replica';
export const REPORT_ANNOTATION = 'sidecarinjector.dev/report';

/** The Lease of a replica. Its identity may hold what names of objects may not. */
export function replicaLeaseName(identity: string): string {
  const name = identity.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return `sidecar-injector-replica-${name}`.slice(0, 200).replace(/-+$/, '');
}

export function writeReport(report: ReplicaReport): string {
  return JSON.stringify(report);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInjectorReport(value: unknown): value is InjectorReport {
  return (
    isRecord(value) &&
    ['secret', 'served', 'trusts'].every((field) => typeof value[field] === 'string') &&
    ['seq', 'refusals'].every((field) => Number.isSafeInteger(value[field]))
  );
}

/** Reads a report; undefined for a text that is none. What is said of an injector in a way that is not understood is left out. */
export function readReport(text: string | undefined): ReplicaReport | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || !isRecord(value['injectors'])) return undefined;
    const { replica, host, port, injectors } = value;
    if (typeof replica !== 'string' || typeof host !== 'string' || typeof port !== 'number') return undefined;
    const known = Object.entries(injectors).filter((entry): entry is [string, InjectorReport] =>
      isInjectorReport(entry[1]),
    );
    return { replica, host, port, injectors: Object.fromEntries(known) };
  } catch {
    return undefined;
  }
}
