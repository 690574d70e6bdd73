/** PolicyRules of RBAC: what one allows, and whether some cover others (pkg/apis/rbac/v1/evaluation_helpers.go, component-helpers/auth/rbac/validation). */
import type { AccessAttributes } from '../types.ts';

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

const has = (set: string[] | undefined, ...elements: (string | undefined)[]): boolean =>
  set !== undefined && elements.some((element) => element !== undefined && set.includes(element));

function urlCovers(owner: string, url: string): boolean {
  return owner === url || (owner.endsWith('*') && url.startsWith(owner.replace(/\*+$/, '')));
}

/** True when the rule allows the request. */
export function ruleAllows(rule: PolicyRule, request: AccessAttributes): boolean {
  if (!has(rule.verbs, '*', request.verb)) return false;
  if (request.resource === undefined) {
    const path = request.path ?? '';
    return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, path));
  }
  const { subresource } = request;
  const combined = subresource ? `${request.resource}/${subresource}` : request.resource;
  return (
    has(rule.apiGroups, '*', request.group ?? '') &&
    has(rule.resources, '*', combined, subresource ? `*/${subresource}` : undefined) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(request.name ?? ''))
  );
}

/** Takes a rule apart into rules with one verb and one resource, URL or name each. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? [])
    for (const resource of rule.resources ?? [])
      for (const verb of rule.verbs)
        for (const name of rule.resourceNames?.length ? rule.resourceNames : [undefined])
          parts.push({
            apiGroups: [group],
            resources: [resource],
            ...(name === undefined ? {} : { resourceNames: [name] }),
            verbs: [verb],
          });
  for (const url of rule.nonResourceURLs ?? [])
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  return parts;
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  const [verb, group, resource, url, name] = [
    part.verbs[0],
    part.apiGroups?.[0],
    part.resources?.[0],
    part.nonResourceURLs?.[0],
    part.resourceNames?.[0],
  ];
  if (!has(owner.verbs, '*', verb)) return false;
  if (url !== undefined) return (owner.nonResourceURLs ?? []).some((each) => urlCovers(each, url));
  const slash = resource?.indexOf('/') ?? -1;
  const anyParent = slash < 0 ? undefined : `*${resource?.slice(slash)}`;
  return (
    has(owner.apiGroups, '*', group) &&
    has(owner.resources, '*', resource, anyParent) &&
    (!owner.resourceNames?.length || has(owner.resourceNames, name))
  );
}

/** The parts of `wanted` that nothing in `owned` covers, verbs of one resource put together again. */
export function missingRules(owned: PolicyRule[], wanted: PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap((rule) => breakDown(rule)).filter((part) => !owned.some((rule) => covers(rule, part)));
  const compact = new Map<string, PolicyRule>();
  for (const part of missing) {
    const key = part.nonResourceURLs ? JSON.stringify(part) : JSON.stringify({ ...part, verbs: [] });
    const known = compact.get(key);
    if (known && known !== part) known.verbs.push(...part.verbs);
    else compact.set(key, part);
  }
  return [...compact.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`, as escalation errors print rules. */
export function describeRule(rule: PolicyRule): string {
  const fields: [string, string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const parts = fields
    .filter(([, values]) => values?.length)
    .map(([name, values]) => `${name}:${goStrings(values ?? [])}`);
  return `{${parts.join(', ')}}`;
}

/** Go's `%q` of a []string. */
export function goStrings(values: string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
