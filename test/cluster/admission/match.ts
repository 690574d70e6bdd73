/** Which webhooks and policies a request concerns (plugin/webhook/{generic/webhook,predicates}). */
import { labelSelectorMatches } from '../selectors.ts';
import type { LabelSelector } from '../selectors.ts';
import { notFound } from '../status.ts';
import type { AdmissionAttributes, KubeObject, ObjectStore, Registry, Resource } from '../types.ts';
import { ADMISSION_REGISTRATION } from './webhooks.ts';
import type { Rule } from './webhooks.ts';

/** What a webhook and the constraints of a policy have in common. */
export interface Criteria {
  rules?: Rule[];
  matchPolicy: string;
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
}

/** The kinds that admission itself is made of are never given to webhooks or policies: a bad one could not be removed. */
export function isExempt({ resource }: AdmissionAttributes): boolean {
  return resource.group === ADMISSION_REGISTRATION;
}

/** Where a request is judged: the storage, and under which other names (group, version) its resource is served. */
export interface Scene {
  store: ObjectStore;
  registry: Registry;
  equivalents: Resource[];
}

export function sceneOf({ resource }: AdmissionAttributes, store: ObjectStore, registry: Registry): Scene {
  const equivalents = registry.all().filter((each) => each.storageKey === resource.storageKey && each !== resource);
  return { store, registry, equivalents };
}

function isNamespace({ group, plural }: Resource): boolean {
  return group === '' && plural === 'namespaces';
}

function namespaceMatches(selector: LabelSelector, attributes: AdmissionAttributes, store: ObjectStore): boolean {
  const { resource, namespace, subresource, operation, object } = attributes;
  if (!namespace && !isNamespace(resource)) return true;
  if (!selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0) return true;
  if (isNamespace(resource) && !subresource && (operation === 'CREATE' || operation === 'UPDATE'))
    return labelSelectorMatches(selector, object?.metadata.labels);
  const name = namespace || attributes.name;
  const found = store.get('namespaces', undefined, name);
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, name);
  return labelSelectorMatches(selector, found.metadata.labels);
}

function objectMatches(selector: LabelSelector, { object, oldObject }: AdmissionAttributes): boolean {
  const matches = (each: KubeObject | undefined): boolean =>
    each !== undefined && labelSelectorMatches(selector, each.metadata?.labels);
  return matches(object) || matches(oldObject);
}

function has(items: string[], requested: string): boolean {
  return items.includes('*') || items.includes(requested);
}

/** True when the rule is about the operation on the resource. */
export function ruleMatches(
  rule: Rule,
  { operation, subresource, namespace }: AdmissionAttributes,
  resource: Resource,
): boolean {
  const clusterScoped = isNamespace(resource) || !namespace;
  if (rule.scope === 'Namespaced' && clusterScoped) return false;
  if (rule.scope === 'Cluster' && !clusterScoped) return false;
  if (
    !has(rule.operations, operation) ||
    !has(rule.apiGroups, resource.group) ||
    !has(rule.apiVersions, resource.version)
  )
    return false;
  return rule.resources.some((entry) => {
    const slash = entry.indexOf('/');
    const wanted = slash < 0 ? entry : entry.slice(0, slash);
    const sub = slash < 0 ? '' : entry.slice(slash + 1);
    return (wanted === '*' || wanted === resource.plural) && (sub === '*' || sub === (subresource ?? ''));
  });
}

/**
 * The resource under which the request is to be asked about: its own, or an equivalent one that a rule names. Undefined when the
 * criteria do not meet the request. @throws StatusError 404 when the namespace is gone.
 */
export function matchedResource(
  criteria: Criteria,
  attributes: AdmissionAttributes,
  { store, equivalents }: Scene,
): Resource | undefined {
  // What is cheap comes first: most webhooks are about other resources.
  const resource = ruledResource(criteria, attributes, equivalents);
  if (resource === undefined || !objectMatches(criteria.objectSelector, attributes)) return undefined;
  return namespaceMatches(criteria.namespaceSelector, attributes, store) ? resource : undefined;
}

function ruledResource(
  { rules = [], matchPolicy }: Criteria,
  attributes: AdmissionAttributes,
  equivalents: Resource[],
): Resource | undefined {
  const { resource } = attributes;
  if (rules.some((rule) => ruleMatches(rule, attributes, resource))) return resource;
  if (matchPolicy !== 'Equivalent') return undefined;
  for (const rule of rules) {
    const found = equivalents.find((each) => ruleMatches(rule, attributes, each));
    if (found) return found;
  }
  return undefined;
}

/** The object as another version of its resource shows it. Versions differ in nothing else here. */
export function inVersion(object: KubeObject | undefined, { group, version, kind }: Resource): KubeObject | undefined {
  const apiVersion = group ? `${group}/${version}` : version;
  // What is sent to a subresource is of a kind of its own.
  return object === undefined || object.kind !== kind || object.apiVersion === apiVersion
    ? object
    : { ...object, apiVersion, kind };
}
