/** CEL of match conditions and admission policies (apiserver/pkg/admission/plugin/cel). */
import { RequestAuthorizer } from '../cel/authorizer.ts';
import { compile } from '../cel/index.ts';
import type { Program, Variable } from '../cel/index.ts';
import type { AdmissionAttributes, Authorizer, Schema } from '../types.ts';

const text: Schema = { type: 'string' };
const texts = (...names: string[]): Schema => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, text])),
});

/** The AdmissionRequest that expressions see as `request`: like the one in a review, without the objects. */
const REQUEST: Schema = {
  type: 'object',
  'x-kubernetes-group-version-kind': [{ group: 'admission.k8s.io', version: 'v1', kind: 'AdmissionRequest' }],
  properties: {
    kind: texts('group', 'version', 'kind'),
    resource: texts('group', 'version', 'resource'),
    subResource: text,
    requestKind: texts('group', 'version', 'kind'),
    requestResource: texts('group', 'version', 'resource'),
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo: {
      type: 'object',
      properties: {
        username: text,
        uid: text,
        groups: { type: 'array', items: text },
        extra: { type: 'object', additionalProperties: { type: 'array', items: text } },
      },
    },
    dryRun: { type: 'boolean' },
    options: { 'x-kubernetes-preserve-unknown-fields': true },
  },
};

const VARIABLES: Record<string, Variable> = {
  object: 'dyn',
  oldObject: 'dyn',
  request: REQUEST,
  authorizer: 'dyn',
  // Declared for webhooks as well, but never given to them.
  namespaceObject: 'dyn',
};
/** What policies see beyond the variables of match conditions. */
export const POLICY_VARIABLES: Record<string, Variable> = {
  ...VARIABLES,
  params: 'dyn',
  variables: 'dyn',
};

/** What expressions see as `authorizer`. */
export function requestAuthorizer(attributes: AdmissionAttributes, authorizer: Authorizer): RequestAuthorizer {
  const { user, name, namespace, resource, subresource } = attributes;
  return new RequestAuthorizer(authorizer, {
    user,
    group: resource.group,
    version: resource.version,
    resource: resource.plural,
    name,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  });
}

/** What the expressions of a policy may name: its own variables, and parameters when it has a kind of them. */
export function variablesOf(spec: { variables?: { name: string }[]; paramKind?: unknown }): Record<string, Variable> {
  const any: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
  const own = Object.fromEntries((spec.variables ?? []).map(({ name }) => [name, any]));
  return {
    ...VARIABLES,
    ...(spec.paramKind === undefined ? {} : { params: 'dyn' as const }),
    ...(Object.keys(own).length > 0 ? { variables: { type: 'object', properties: own } } : {}),
  };
}

const compiled = new WeakMap<Record<string, Variable>, Map<string, Program>>();

function program(expression: string, variables: Record<string, Variable>): Program {
  const programs = compiled.get(variables) ?? new Map<string, Program>();
  compiled.set(variables, programs);
  const made = programs.get(expression) ?? compile(expression, variables);
  programs.set(expression, made);
  return made;
}

/** What is wrong with an expression that must give one of the types (any, when there are none); undefined when nothing is. */
export function expressionMistake(expression: string, types: string[], variables = VARIABLES): string | undefined {
  try {
    const { type } = program(expression, variables);
    if (types.length === 0 || type === 'dyn' || types.includes(type)) return undefined;
    const wanted = types.length === 1 ? types[0] : `one of [${types.join(' ')}]`;
    return `must evaluate to ${wanted} but got ${type}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The value of an expression. @throws Error with the API server's text when it cannot be evaluated. */
export function evaluate(expression: string, values: Record<string, unknown>, variables = VARIABLES): unknown {
  try {
    return program(expression.trim(), variables).evaluate(values);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]?.replace(/^No such key: /, 'no such key: ') ?? '';
    throw new Error(`expression '${expression.trim()}' resulted in error: ${reason}`, { cause: error });
  }
}

/**
 * Whether all conditions hold (webhook/matchconditions/matcher.go): one that is false decides, also when others fail.
 * @throws Error when none is false and some cannot be evaluated.
 */
export function conditionsHold(
  conditions: { expression: string }[],
  values: Record<string, unknown>,
  variables = VARIABLES,
): boolean {
  const errors: string[] = [];
  for (const { expression } of conditions) {
    try {
      if (evaluate(expression, values, variables) === false) return false;
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  return true;
}
