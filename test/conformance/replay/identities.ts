/**
 * What a server makes up for itself, with the names that it gets instead, so that "the same" and "another" stay
 * comparable while the values do not. One instance lasts for one run of a scenario.
 */

import { isObject, own, ownString } from './json.ts';
import { GENERATED_ALPHABET } from './placeholders.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const SUFFIX = new RegExp(`^[${GENERATED_ALPHABET}]{5}$`);
const JWT = /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
const ACCESS_VOLUME = new RegExp(`(kube-api-access-)[${GENERATED_ALPHABET}]{5}\\b`, 'g');
const MICROSECONDS = '.000000'.length;
/** A shorter constant of a scenario may occur by chance; those that go back to their names are CSRs and keys. */
const LONG = 64;

export class Identities {
  readonly #run: string;
  readonly #constants: [value: string, name: string][];
  readonly #uids = new Map<string, string>();
  readonly #versions = new Map<string, Map<string, number>>();
  readonly #generated = new Map<string, string>();

  constructor(run: string, constants: Readonly<Record<string, string>> = {}) {
    this.#run = run;
    this.#constants = Object.entries(constants)
      .filter(([, value]) => value.length >= LONG)
      .map(([name, value]) => [value, `{{${name}}}`]);
  }

  /** Takes note of the uids and generated names in an answer; to be called before its strings are read. */
  learn(value: unknown, itemKind?: string): void {
    if (Array.isArray(value)) for (const element of value) this.learn(element, itemKind);
    if (!isObject(value)) return;
    const kind = ownString(value, 'kind');
    const metadata = own(value, 'metadata');
    this.#learnName(ownString(metadata, 'name'), ownString(metadata, 'generateName'));
    this.#learnUid(ownString(metadata, 'uid'), kind ?? itemKind, ownString(metadata, 'name'));
    const listed = kind?.endsWith('List') === true ? kind.slice(0, -'List'.length) : undefined;
    for (const [key, child] of Object.entries(value)) this.learn(child, key === 'items' ? listed : undefined);
  }

  #learnName(name: string | undefined, prefix: string | undefined): void {
    if (name === undefined || prefix === undefined || !name.startsWith(prefix)) return;
    if (!SUFFIX.test(name.slice(prefix.length))) return;
    this.#generated.set(this.#withoutRun(name), `${this.#withoutRun(prefix)}<generated>`);
  }

  /** A uid is named after the object that first carried it; a later object of the same kind and name gets "#2". */
  #learnUid(uid: string | undefined, kind: string | undefined, name: string | undefined): void {
    if (!uid || name === undefined || this.#uids.has(uid)) return;
    const base = this.text(kind === undefined || kind === 'PartialObjectMetadata' ? name : `${kind}/${name}`);
    const taken = new Set(this.#uids.values());
    let label = base;
    for (let next = 2; taken.has(label); next++) label = `${base}#${next}`;
    this.#uids.set(uid, label);
  }

  #withoutRun(text: string): string {
    return text.replaceAll(this.#run, '{{run}}');
  }

  /** Versions are numbered per object in order of appearance; those of lists and bookmarks only are versions. */
  version(uid: string | undefined, version: string): string {
    if (version === '' || version === '0') return version;
    if (!uid) return '<rv>';
    const seen = this.#versions.get(uid) ?? new Map<string, number>();
    this.#versions.set(uid, seen);
    if (!seen.has(version)) seen.set(version, seen.size + 1);
    return `<rv:${seen.get(version)}>`;
  }

  text(text: string): string {
    const named = this.#constants.reduce((result, [value, name]) => result.replaceAll(value, name), text);
    let out = this.#withoutRun(named);
    for (const [name, replacement] of this.#generated) out = out.replaceAll(name, replacement);
    return out
      .replaceAll(UUID, (uid) => (this.#uids.has(uid) ? `<uid:${this.#uids.get(uid)}>` : '<uuid>'))
      .replaceAll(JWT, '<jwt>')
      .replaceAll(TIME, (_, fraction?: string) => (fraction?.length === MICROSECONDS ? '<microtime>' : '<time>'))
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replaceAll(/too old resource version: \d+ \(\d+\)/g, 'too old resource version: <rv> (<rv>)')
      .replaceAll(ACCESS_VOLUME, '$1<generated>');
  }
}
