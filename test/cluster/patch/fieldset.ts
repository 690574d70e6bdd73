import type { JsonObject } from '../types.ts';

/**
 * A set of field paths, as managedFields record them (structured-merge-diff/v6/fieldpath/set.go). A step of a path is kept in its
 * serialised form: `f:name` for a field, `k:{"name":"a"}` for an element of a list map, `v:"a"` for an element of a set.
 * Sets are values: every operation returns a new one, only `insert` changes the set.
 */
export class FieldSet {
  readonly members: Set<string>;
  readonly children: Map<string, FieldSet>;

  constructor(members: Iterable<string> = [], children: Iterable<[string, FieldSet]> = []) {
    this.members = new Set(members);
    this.children = new Map([...children].filter(([, child]) => !child.isEmpty));
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  insert(path: readonly string[]): void {
    const [step, ...rest] = path;
    if (step === undefined) return;
    if (rest.length === 0) {
      this.members.add(step);
      return;
    }
    const child = this.children.get(step) ?? new FieldSet();
    this.children.set(step, child);
    child.insert(rest);
  }

  has(path: readonly string[]): boolean {
    const [step = '', ...rest] = path;
    return rest.length === 0 ? this.members.has(step) : (this.children.get(step)?.has(rest) ?? false);
  }

  child(step: string): FieldSet {
    return this.children.get(step) ?? new FieldSet();
  }

  union(other: FieldSet): FieldSet {
    const steps = new Set([...this.children.keys(), ...other.children.keys()]);
    const children = [...steps].map((step): [string, FieldSet] => [step, this.child(step).union(other.child(step))]);
    return new FieldSet([...this.members, ...other.members], children);
  }

  intersection(other: FieldSet): FieldSet {
    const children = [...this.children].map(([step, child]): [string, FieldSet] => [
      step,
      child.intersection(other.child(step)),
    ]);
    return new FieldSet(this.members.intersection(other.members), children);
  }

  difference(other: FieldSet): FieldSet {
    const children = [...this.children].map(([step, child]): [string, FieldSet] => [
      step,
      child.difference(other.child(step)),
    ]);
    return new FieldSet(this.members.difference(other.members), children);
  }

  /** Like difference, but a path of the other set takes everything below it along. */
  without(other: FieldSet): FieldSet {
    const children = [...this.children].filter(([step]) => !other.members.has(step));
    return new FieldSet(
      this.members.difference(other.members),
      children.map(([step, child]) => [step, child.without(other.child(step))]),
    );
  }

  /** All paths, in the order in which conflicts are reported. */
  paths(): string[][] {
    const below = [...this.children.keys()].sort().flatMap((step) =>
      this.child(step)
        .paths()
        .map((path) => [step, ...path]),
    );
    return [...[...this.members].sort().map((step) => [step]), ...below];
  }

  /** The value of `fieldsV1`. */
  toJSON(): JsonObject {
    const steps = [...new Set([...this.members, ...this.children.keys()])].sort();
    return Object.fromEntries(
      steps.map((step) => {
        const child = this.child(step);
        return [step, child.isEmpty ? {} : { ...(this.members.has(step) && { '.': {} }), ...child.toJSON() }];
      }),
    );
  }

  static fromJSON(fields: JsonObject): FieldSet {
    const members: string[] = [];
    const children: [string, FieldSet][] = [];
    for (const [step, value] of Object.entries(fields)) {
      // What a later version may know is dropped.
      if (!/^[fkvi]:/.test(step)) continue;
      const below = value as JsonObject;
      if (Object.hasOwn(below, '.') || Object.keys(below).length === 0) members.push(step);
      children.push([step, FieldSet.fromJSON(below)]);
    }
    return new FieldSet(members, children);
  }

  static of(...paths: string[][]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path.map((name) => `f:${name}`));
    return set;
  }
}

/** A path as conflicts show it: `.spec.ports[port=80,protocol="TCP"].name`. */
export function pathText(path: readonly string[]): string {
  return path.map(stepText).join('');
}

/** One step of a path as conflicts show it. */
export function stepText(step: string): string {
  const content = step.slice(2);
  if (step.startsWith('f:')) return `.${content}`;
  if (step.startsWith('v:')) return `[=${content}]`;
  if (step.startsWith('i:')) return `[${content}]`;
  const keys = Object.entries(JSON.parse(content) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
