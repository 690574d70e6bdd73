/** For code scanning: SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0). Objects of a cluster are logical locations. */
import { VERSION } from '../../../version.ts';
import { problemsOf, type Check, type Result } from '../check.ts';

const LEVELS = { fail: 'error', warn: 'warning' } as const;

export function asSarif(results: readonly Result[], checks: readonly Check[], cluster: string): string {
  const ids = results.map(({ id }) => id);
  const rules = checks
    .filter(({ id }) => ids.includes(id))
    .map(({ id, title, meaning, remedy, severity }) => ({
      id,
      shortDescription: { text: title },
      fullDescription: { text: meaning },
      help: { text: remedy },
      defaultConfiguration: { level: LEVELS[severity] },
    }));
  const found = results.flatMap((result) =>
    problemsOf(result).map(({ state, about, message, evidence, fix }) => ({
      ruleId: result.id,
      ruleIndex: rules.findIndex(({ id }) => id === result.id),
      level: LEVELS[state],
      message: { text: [`${about}: ${message}`, ...(evidence ? [`Seen: ${evidence}`] : []), `Fix: ${fix}`].join('\n') },
      locations: [{ logicalLocations: [{ name: about, fullyQualifiedName: `${cluster}/${about}`, kind: 'resource' }] }],
    })),
  );
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'sidecar-injector doctor', semanticVersion: VERSION, rules } }, results: found }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}
