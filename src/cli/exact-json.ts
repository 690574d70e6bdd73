/** JSON text of values whose integers are bigint: numbers beyond 2^53 keep their digits. */

/** Of Node 22 and newer; TypeScript does not know it. */
const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): unknown };

export function exactJson(value: unknown, indent: number | string = 2): string {
  const exact = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? rawJSON(String(item)) : item);
  return `${JSON.stringify(value, exact, indent)}\n`;
}
