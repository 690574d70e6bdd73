/**
 * Schemas of Kubernetes' built-in types, put together from two npm packages, because none carries them whole:
 * `@kubernetes/client-node` (generated from 1.36) says which fields exist, with formats; `kubernetes-models` knows
 * which strings are quantities, and the values of enumerations. How lists merge is in neither: `kubernetes-lists.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Schema } from '../test/cluster/types.ts';
import { markLists } from './kubernetes-lists.ts';

const modules = resolve(import.meta.dirname, '../node_modules');
const models = join(modules, '@kubernetes/client-node/dist/gen/models');
const definitions = new Map<string, Schema>();
const goTypes = new WeakMap<Schema, string>();

/** What a Quantity looks like in text; the pattern that controller-gen writes into CRDs. */
const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/** The schema of an object's kind, for example ('apps', 'v1', 'Deployment'). The core group is ''. Undefined when unknown. Never change it: it is shared. */
export function kubernetesSchema(group: string, version: string, kind: string): Schema | undefined {
  const folder = group === '' ? version : `${group}/${version}`;
  return definition(version, kind, group.split('.')[0] || 'core', join(modules, 'kubernetes-models', folder));
}

/** The schema under its OpenAPI name, for example 'io.k8s.api.core.v1.Container'. Undefined when unknown. Never change it: it is shared. */
export function kubernetesDefinition(name: string): Schema | undefined {
  const [, path = '', version = '', kind = ''] = /^io\.k8s\.(.+)\.([^.]+)\.([^.]+)$/.exec(name) ?? [];
  if (path === 'apimachinery.pkg.apis.meta')
    return definition(version, kind, 'meta', join(modules, '@kubernetes-models/apimachinery/apis/meta', version));
  const group = path.replace(/^api\./, '').replace(/^.*\.pkg\.apis\./, '');
  const folders = [group, `${group}.k8s.io`, `${group}.authorization.k8s.io`].map((folder) =>
    join(modules, 'kubernetes-models', folder, version),
  );
  return definition(
    version,
    kind,
    group,
    group === 'core' ? join(modules, 'kubernetes-models', version) : (folders.find(existsSync) ?? ''),
  );
}

/** The name of the Go type behind a schema of this module ('v1.PodSpec'), as decoding errors quote it. Undefined for plain values. */
export function goTypeOf(schema: Schema): string | undefined {
  return goTypes.get(schema);
}

/** Some classes carry their group in front, because two groups share the name (CoreV1Event, EventsV1Event). */
function definition(version: string, kind: string, group: string, folder: string): Schema | undefined {
  const name = `${capital(version)}${kind}`;
  const className = [name, `${capital(group)}${name}`].find((candidate) => existsSync(join(models, `${candidate}.js`)));
  return className === undefined ? undefined : schemaOfClass(className, join(folder, `${kind}.d.ts`));
}

function schemaOfClass(
  className: string,
  modelFile: string | undefined,
  open: ReadonlySet<string> = new Set(),
): Schema {
  const known = definitions.get(className);
  if (known !== undefined) return known;
  // JSONSchemaProps contains itself (directly, no other type does): a schema of it would have no end.
  if (open.has(className)) return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const declaration = readFileSync(join(models, `${className}.d.ts`), 'utf8');
  const model = modelOf(modelFile);
  const inside = new Set([...open, className]);
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const { name, baseName, type, format } of attributes(className)) {
    const text = new RegExp(`(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*)?'${name.replaceAll('$', '\\$')}'(\\??):`).exec(
      declaration,
    );
    const field = model?.fields.get(baseName);
    const schema = schemaOfType(type, format, field ?? '', (ref, kmName) =>
      schemaOfClass(ref, model?.imports.get(kmName), inside),
    );
    properties[baseName] = described(schema, text?.[1]);
    if (text?.[2] === '') required.push(baseName);
  }
  const schema: Schema = { type: 'object', properties, ...(required.length > 0 && { required }) };
  goTypes.set(
    schema,
    className.replace(
      /^(?:[A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)(.+)$/,
      (_, version: string, kind: string) => `${version.toLowerCase()}.${kind}`,
    ),
  );
  markLists(className, schema);
  const result = described(schema, /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export declare class/.exec(declaration)?.[1]);
  definitions.set(className, result);
  return result;
}

type Refer = (className: string, modelName: string) => Schema;

function schemaOfType(type: string, format: string, modelType: string, refer: Refer): Schema {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined)
    return { type: 'array', items: schemaOfType(list, format, /^Array<([\s\S]*)>$/.exec(modelType)?.[1] ?? '', refer) };
  const values = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (values !== undefined) {
    return {
      type: 'object',
      additionalProperties: schemaOfType(
        values,
        format,
        /\[key: string\]: ([\s\S]*?);?\s*\}$/.exec(modelType)?.[1] ?? '',
        refer,
      ),
    };
  }
  if (type === 'IntOrString') return { 'x-kubernetes-int-or-string': true };
  if (type === 'Date' || type === 'V1MicroTime') return { type: 'string', format: 'date-time' };
  if (type === 'number')
    return { type: format.startsWith('int') ? 'integer' : 'number', ...(format !== '' && { format }) };
  if (type === 'boolean') return { type };
  if (type === 'any' || type === 'object') return { 'x-kubernetes-preserve-unknown-fields': true };
  if (type !== 'string') return refer(type, modelType);
  if (modelType.endsWith('ResourceQuantity')) return { 'x-kubernetes-int-or-string': true, pattern: quantityPattern };
  if (/^"[^"]*"(?: \| "[^"]*")+$/.test(modelType))
    return { type, enum: [...modelType.matchAll(/"([^"]*)"/g)].map((value) => value[1]) };
  return { type, ...(format !== '' && { format }) };
}

interface Attribute {
  name: string;
  baseName: string;
  type: string;
  format: string;
}

function attributes(className: string): Attribute[] {
  const source = readFileSync(join(models, `${className}.js`), 'utf8');
  const table = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(source)?.[1];
  return table === undefined ? [] : (JSON.parse(table) as Attribute[]);
}

interface Model {
  /** Type of each field, as TypeScript text. */
  fields: Map<string, string>;
  /** File of each imported type. */
  imports: Map<string, string>;
}

function modelOf(file: string | undefined): Model | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  const source = readFileSync(file, 'utf8');
  const body = /^export interface [^{]*\{\n([\s\S]*?)^\}/m.exec(source)?.[1] ?? '';
  const fields = [...body.matchAll(/^ {4}"([^"]+)"\??: (\{[\s\S]*?\n {4}\}|[^;]+);$/gm)];
  const imports = [...source.matchAll(/^import \{ (\S+) \} from "(.*?)(?:\.js)?";$/gm)];
  return {
    fields: new Map(fields.map(([, name = '', type = '']) => [name, type])),
    imports: new Map(
      imports.map(([, name = '', path = '']) => [
        name,
        `${path.startsWith('.') ? join(dirname(file), path) : join(modules, path)}.d.ts`,
      ]),
    ),
  };
}

/** A copy with the first sentence of a comment as its description. */
function described(schema: Schema, comment: string | undefined): Schema {
  const text = comment
    ?.replace(/\s*\n\s*\*?\s*/g, ' ')
    .replaceAll("\\'", "'")
    .trim();
  if (text === undefined || text === '') return schema;
  const copy = { ...schema, description: /^.*?\.(?= +[A-Z]|$)/.exec(text)?.[0] ?? text };
  const goType = goTypes.get(schema);
  if (goType !== undefined) goTypes.set(copy, goType);
  return copy;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
