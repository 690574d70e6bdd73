/** `authorizer` of match conditions and policies: what the user may do besides (apiserver/pkg/cel/library/authz.go). */
import type { Environment } from '@marcbachmann/cel-js';
import type { AccessAttributes, Authorizer } from '../types.ts';

/** What is asked so far; each step of the expression adds to it. */
type Asked = Omit<AccessAttributes, 'verb'>;

class Check {
  readonly authorizer: Authorizer;
  readonly asked: Asked;

  constructor(authorizer: Authorizer, asked: Asked) {
    this.authorizer = authorizer;
    this.asked = asked;
  }
}
class PathCheck extends Check {}
class GroupCheck extends Check {}
class ResourceCheck extends Check {}

class Decision {
  readonly allowed: boolean;
  readonly reason: string;

  constructor({ allowed, reason }: { allowed: boolean; reason: string }) {
    this.allowed = allowed;
    this.reason = reason;
  }
}

/** The value of the variable. `requestResource` is the check of what the request itself is about. */
export class RequestAuthorizer extends Check {
  readonly requestResource: ResourceCheck;

  constructor(authorizer: Authorizer, asked: Asked) {
    super(authorizer, { user: asked.user });
    this.requestResource = new ResourceCheck(authorizer, asked);
  }
}

/** Adds the functions of authorization to the language. */
export function registerAuthorization(environment: Environment): void {
  const prefix = 'kubernetes.authorization';
  environment.registerType(`${prefix}.PathCheck`, { ctor: PathCheck });
  environment.registerType(`${prefix}.GroupCheck`, { ctor: GroupCheck });
  environment.registerType(`${prefix}.ResourceCheck`, { ctor: ResourceCheck });
  environment.registerType(`${prefix}.Decision`, { ctor: Decision });
  environment.registerType(`${prefix}.Authorizer`, {
    ctor: RequestAuthorizer,
    fields: { requestResource: `${prefix}.ResourceCheck` },
  });
  const define = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(`${prefix}.${signature}`, handler);
  };
  const check = ({ authorizer, asked }: Check, verb: string): Decision =>
    new Decision(authorizer.authorize({ ...asked, verb }));
  define(`Authorizer.path(string): ${prefix}.PathCheck`, ({ authorizer, asked }: Check, path: string) => {
    return new PathCheck(authorizer, { ...asked, path });
  });
  define(`Authorizer.group(string): ${prefix}.GroupCheck`, ({ authorizer, asked }: Check, group: string) => {
    return new GroupCheck(authorizer, { ...asked, group });
  });
  define(
    `Authorizer.serviceAccount(string, string): ${prefix}.Authorizer`,
    ({ authorizer }: Check, namespace: string, name: string) => {
      const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
      const user = { username: `system:serviceaccount:${namespace}:${name}`, groups };
      return new RequestAuthorizer(authorizer, { user });
    },
  );
  define(`GroupCheck.resource(string): ${prefix}.ResourceCheck`, ({ authorizer, asked }: Check, resource: string) => {
    return new ResourceCheck(authorizer, { ...asked, version: '*', resource });
  });
  for (const part of ['subresource', 'namespace', 'name'] as const) {
    define(`ResourceCheck.${part}(string): ${prefix}.ResourceCheck`, ({ authorizer, asked }: Check, value: string) => {
      return new ResourceCheck(authorizer, { ...asked, [part]: value });
    });
  }
  define(`PathCheck.check(string): ${prefix}.Decision`, check);
  define(`ResourceCheck.check(string): ${prefix}.Decision`, check);
  define('Decision.allowed(): bool', ({ allowed }: Decision) => allowed);
  define('Decision.reason(): string', ({ reason }: Decision) => reason);
  define('Decision.errored(): bool', () => false);
  define('Decision.error(): string', () => '');
}
