/** Words for JSON of unknown shape. Keys come from other people: only own properties count, "__proto__" among them. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The own property of an object; undefined for anything else. */
export const own = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** The string at a key; undefined when there is none. */
export const ownString = (value: unknown, key: string): string | undefined => {
  const found = own(value, key);
  return typeof found === 'string' ? found : undefined;
};

/** A new object of the entries that `change` gives back; those for which it gives undefined are left out. */
export const mapEntries = (
  object: JsonObject,
  change: (key: string, value: unknown) => [string, unknown] | undefined,
): JsonObject =>
  Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => {
      const entry = change(key, value);
      return entry === undefined ? [] : [entry];
    }),
  );

/** JSON text for a report, cut to a readable length. */
export const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
};
