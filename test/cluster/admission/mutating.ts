/** The MutatingAdmissionWebhook plugin (plugin/webhook/mutating/{plugin,dispatcher,reinvocationcontext}.go). */
import { DecodeError, decodeStrict } from '../schema/decode.ts';
import { internalError } from '../status.ts';
import { copy, equal } from '../storage/json.ts';
import type { AdmissionAttributes, JsonObject, KubeObject, Resource } from '../types.ts';
import type { AuditTrail } from './audit.ts';
import { CallError, afterFailure, ask, invocation } from './call.ts';
import type { Dispatch } from './call.ts';
import { parseGoJson } from './go-json.ts';
import { applyJsonPatch } from './json-patch.ts';
import { inVersion } from './match.ts';
import type { Verdict } from './review.ts';
import type { Hook } from './webhooks.ts';

const PREFIX = '.webhook.admission.k8s.io/';

/** Reads a patched object as its Go type would: unknown fields go, wrong types are an error. */
function decode(object: JsonObject, resource: Resource): KubeObject {
  const schema = resource.custom ? undefined : resource.schema();
  const decoded = schema ? decodeStrict(object, schema).object : object;
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  return { apiVersion, kind: resource.kind, metadata: { name: '' }, ...decoded };
}

/** The patched object, or undefined when there is nothing to apply. @throws CallError, StatusError 500 without the webhook's name. */
function patched(
  name: string,
  verdict: Verdict,
  object: KubeObject | undefined,
  resource: Resource,
): KubeObject | undefined {
  if (verdict.patch === undefined) return undefined;
  let operations: unknown;
  try {
    operations = parseGoJson(verdict.patch);
    if (!Array.isArray(operations))
      throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw new CallError(name, `received undecodable patch in webhook response: ${(error as Error).message}`);
  }
  if ((operations as unknown[]).length === 0) return undefined;
  if (object === undefined)
    throw internalError(
      `admission webhook "${name}" attempted to modify the object, which is not supported for this operation`,
    );
  if (verdict.patchType !== 'JSONPatch') throw new CallError(name, `unsupported patch type "${verdict.patchType}"`);
  try {
    return decode(applyJsonPatch(object, operations as JsonObject[]), resource);
  } catch (error) {
    throw internalError(error instanceof DecodeError || error instanceof Error ? error.message : String(error));
  }
}

/** Which webhooks run again after others changed the object. */
class Reinvocation {
  readonly #previous = new Set<Hook>();
  readonly #again = new Set<Hook>();
  needed = false;

  /** An object changed: all that were asked before are due again. */
  changed(): void {
    this.needed = true;
    for (const hook of this.#previous) this.#again.add(hook);
    this.#previous.clear();
  }

  asked(hook: Hook): void {
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') this.#previous.add(hook);
  }

  isDue(hook: Hook): boolean {
    return this.#again.has(hook);
  }
}

/**
 * Asks all webhooks that match, one after the other, and those with reinvocationPolicy IfNeeded once more when later ones changed the
 * object. `plugins` are the built-in mutating plugins, which run again before the second round.
 * @returns the object to go on with. @throws StatusError
 */
export async function callMutatingWebhooks(
  attributes: AdmissionAttributes,
  hooks: Hook[],
  dispatch: Dispatch,
  trail: AuditTrail,
  redefault: (object: KubeObject) => void,
  plugins: (object: KubeObject) => Promise<void>,
): Promise<KubeObject | undefined> {
  const reinvocation = new Reinvocation();
  let { object } = attributes;
  let current = attributes;
  const askOne = async (hook: Hook, resource: Resource, round: number): Promise<void> => {
    const { webhook, configuration, index } = hook;
    const versioned = inVersion(object, resource);
    const place = `round_${round}_index_${index}`;
    let mutated = false;
    try {
      const question = {
        attributes: current,
        resource,
        object: versioned,
        oldObject: inVersion(attributes.oldObject, resource),
      };
      const verdict = await ask(webhook, question, dispatch, trail, true);
      const result = patched(webhook.name, verdict, versioned, resource);
      if (result !== undefined) {
        mutated = !equal(versioned, result);
        trail.annotate(
          `patch${PREFIX}${place}`,
          JSON.stringify({
            configuration,
            webhook: webhook.name,
            patch: parseGoJson(verdict.patch ?? ''),
            patchType: 'JSONPatch',
          }),
        );
        redefault(result);
        object = inVersion(result, attributes.resource);
      }
      if (mutated) reinvocation.changed();
    } catch (error) {
      if (error instanceof CallError && webhook.failurePolicy === 'Ignore')
        trail.annotate(`failed-open.mutation${PREFIX}${place}`, webhook.name);
      afterFailure(error, webhook, attributes);
    } finally {
      reinvocation.asked(hook);
      trail.annotate(`mutation${PREFIX}${place}`, JSON.stringify({ configuration, webhook: webhook.name, mutated }));
    }
  };
  const askAll = async (round: number): Promise<void> => {
    for (const hook of hooks) {
      // Made anew only with the object: there may be a thousand webhooks, of which one matches.
      if (current.object !== object) current = { ...attributes, object };
      const resource = invocation(hook.webhook, current, dispatch);
      if (resource === undefined || (round === 1 && !reinvocation.isDue(hook))) continue;
      await askOne(hook, resource, round);
    }
  };
  await askAll(0);
  if (!reinvocation.needed || object === undefined) return object;
  const before = copy(object);
  await plugins(object);
  if (!equal(before, object)) reinvocation.changed();
  await askAll(1);
  return object;
}
