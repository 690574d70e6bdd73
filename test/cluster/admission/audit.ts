/** What the API server would write to its audit log about admission, kept in memory for tests. */
import type { AdmissionAttributes } from '../types.ts';
import { isQualifiedName } from '../validation.ts';

export interface AuditEntry {
  stage: 'mutating' | 'validating';
  user: string;
  operation: AdmissionAttributes['operation'];
  resource: string;
  namespace: string | undefined;
  name: string;
  dryRun: boolean;
  annotations: Record<string, string>;
}

const KEPT = 1000;

/** The last requests that admission annotated, oldest first. */
export class AuditLog {
  readonly entries: AuditEntry[] = [];

  /** Starts an entry; it is kept from its first annotation on. */
  start(stage: AuditEntry['stage'], attributes: AdmissionAttributes): AuditTrail {
    const { user, operation, resource, subresource, namespace, name, dryRun } = attributes;
    const entry: AuditEntry = {
      stage,
      user: user.username,
      operation,
      resource: subresource ? `${resource.plural}/${subresource}` : resource.plural,
      namespace,
      name,
      dryRun,
      annotations: {},
    };
    return {
      annotate: (key, value) => {
        const { annotations } = entry;
        // attributes.go: keys must be qualified names, and the first value stays.
        if (!key.includes('/') || isQualifiedName(key).length > 0 || Object.hasOwn(annotations, key)) return;
        if (Object.keys(annotations).length === 0) this.#keep(entry);
        annotations[key] = value;
      },
    };
  }

  #keep(entry: AuditEntry): void {
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.shift();
  }
}

export interface AuditTrail {
  annotate(key: string, value: string): void;
}
