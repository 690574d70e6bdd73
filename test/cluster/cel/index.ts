/**
 * CEL as Kubernetes speaks it: rules of CustomResourceDefinitions, match conditions of webhooks. The language comes from
 * @marcbachmann/cel-js; an expression is checked against declared types first and evaluated without them.
 */
import { Environment, Optional } from '@marcbachmann/cel-js';
import type { Schema } from '../types.ts';
import { compilationError, laterMistake } from './compile-error.ts';
import type { Mistake } from './compile-error.ts';
import { registerKubernetesFunctions } from './functions.ts';
import { celName, celValue } from './values.ts';

/** What an expression may refer to: a schema, `dyn` for anything, or a value that may be absent. */
export type Variable = Schema | 'dyn' | { optional: Schema };

export interface Program {
  /** Type of the result: 'bool', 'string', 'int', ..., or 'dyn' when it is known only at run time. */
  type: string;
  /** Values are JSON; undefined is allowed for optional variables only. Throws an Error when the evaluation fails. */
  evaluate(values: Record<string, unknown>): unknown;
}

const options = { homogeneousAggregateLiterals: false, enableOptionalTypes: true } as const;
const runtime = registerKubernetesFunctions(new Environment({ ...options, unlistedVariablesAreDyn: true }));
const checker = registerKubernetesFunctions(new Environment({ ...options, unlistedVariablesAreDyn: false }));

const functions = new Set(checker.getDefinitions().functions.map(({ name }) => name));

/** Compiles an expression. Throws an Error with the API server's text ('compilation failed: ERROR: <input>:1:5: ...') when it has a mistake. */
export function compile(expression: string, variables: Record<string, Variable>): Program {
  const environment = checker.clone();
  // Only what the expression names can be wrong in it: large schemas would cost much otherwise.
  const named = new Set(expression.match(/\w+/g));
  for (const [name, variable] of Object.entries(variables)) {
    environment.registerVariable(name, typeOf({ environment, named }, variable, name));
  }
  const source = withSimpleHas(expression);
  const checked = environment.check(source);
  if (!checked.valid && !comparesObjects.test(checked.error?.message ?? '')) {
    throw compilationError(source, checked.error as unknown as Mistake, (name) => functions.has(name));
  }
  const program = runtimeOf(variables).parse(source);
  const check = (part: string): Mistake | undefined => environment.check(part).error as unknown as Mistake | undefined;
  const later = laterMistake(source, program.ast, check);
  if (later) throw later;
  return {
    type: checked.type ?? 'dyn',
    evaluate(values) {
      const converted = Object.entries(variables).map(([name, variable]) => {
        const value = values[name];
        if (isOptional(variable)) {
          return [name, value === undefined ? Optional.none() : Optional.of(celValue(value, variable.optional))];
        }
        return [name, celValue(value, variable === 'dyn' ? undefined : variable)];
      });
      return program(Object.fromEntries(converted)) as unknown;
    },
  };
}

/** The package cannot check comparisons of objects with each other, or with null; the language has them. */
const comparesObjects = /no such overload: (?=.*(?:kubernetes\.|google\.protobuf\.)).* (?:==|!=) /;

/** The package's has() wants a plain chain of fields: `has(a[0].b)` becomes `cel.bind(it, a[0], has(it.b))`. */
function withSimpleHas(expression: string): string {
  return expression.replaceAll(
    /\bhas\(((?:[^()"']|"[^"]*"|'[^']*'|\((?:[^()"']|"[^"]*"|'[^']*')*\))*[\])])\.(\w+(?:\.\w+)*)\)/g,
    (_, base: string, fields: string) => {
      const names = fields.split('.');
      const last = names.pop() ?? '';
      return `cel.bind(it, ${[base, ...names].join('.')}, has(it.${last}))`;
    },
  );
}

/** Without a declaration the package does not know what `oldSelf.value()` is. */
function runtimeOf(variables: Record<string, Variable>): Environment {
  const optional = Object.keys(variables).filter((name) => isOptional(variables[name] ?? 'dyn'));
  if (optional.length === 0) return runtime;
  const environment = runtime.clone();
  for (const name of optional) environment.registerVariable(name, 'optional<dyn>');
  return environment;
}

function isOptional(variable: Variable): variable is { optional: Schema } {
  return typeof variable === 'object' && typeof variable['optional'] === 'object';
}

interface Scope {
  environment: Environment;
  /** The words of the expression. */
  named: Set<string>;
}

function typeOf(scope: Scope, variable: Variable, name: string): string {
  if (variable === 'dyn') return 'dyn';
  if (isOptional(variable)) return `optional<${declare(scope, variable.optional, `kubernetes.${name}`)}>`;
  return declare(scope, variable, `kubernetes.${name}`);
}

const textTypes: Record<string, string> = {
  byte: 'bytes',
  date: 'google.protobuf.Timestamp',
  'date-time': 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** The CEL type of a schema; objects with properties become types of their own, so that unknown fields are found (apiserver/pkg/cel/common/schemas.go). */
function declare(scope: Scope, schema: Schema, name: string): string {
  if (schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true)
    return 'dyn';
  if (schema.type === 'integer') return 'int';
  if (schema.type === 'number') return 'double';
  if (schema.type === 'boolean') return 'bool';
  if (schema.type === 'array')
    return schema.items === undefined ? 'list' : `list<${declare(scope, schema.items, `${name}.item`)}>`;
  if (schema.type === 'string') return textTypes[schema.format ?? ''] ?? 'string';
  if (schema.type !== 'object') return 'dyn';
  if (typeof schema.additionalProperties === 'object')
    return `map<string, ${declare(scope, schema.additionalProperties, `${name}.value`)}>`;
  const properties = Object.entries(schema.properties ?? {}).filter(([key]) => scope.named.has(celName(key, schema)));
  const fields = properties.map(([key, property]) => [
    celName(key, schema),
    declare(scope, property, `${name}.${celName(key, schema)}`),
  ]);
  scope.environment.registerType(name, { fields: Object.fromEntries(fields) as Record<string, string> });
  return name;
}
