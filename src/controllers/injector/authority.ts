/** The operator's own CA, in one Secret of its namespace. Only the leader reads it. */
import type { Secret } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create, get, replace } from '../../kube/verbs.ts';
import { isAlarming } from '../../domain/skew.ts';
import { createAuthority, type Authority } from '../../pki/authority.ts';
import { isSelfSigned, keyMatches, parseCertificates } from '../../pki/inspect.ts';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/v1alpha1/names.ts';
import { nowOf, type InjectorContext } from './context.ts';

export const AUTHORITY_SECRET = 'sidecar-injector-ca';

/** The wish that the authority was made for. */
const WISH_ANNOTATION = 'sidecarinjector.dev/rotated';

const YEAR_SECONDS = 365 * 86_400;
/** After this part of its life an authority makes room for a new one, so that leaves never have to be cut short by it. */
const RENEW_AT = 2 / 3;

/**
 * The authority that signs now. Makes a new one when there is none, when the Secret was damaged, or when two thirds of its
 * life are over, and for each new `wish` (a rotation that somebody asked for). Certificates of the one before stay trusted: each injector's Secret holds its own anchors.
 *
 * @param onMade is told why, when a new one was made
 */
export async function ensureAuthority(
  context: Pick<InjectorContext, 'client' | 'operator' | 'clock' | 'log' | 'skewMs'>,
  signal: AbortSignal,
  wish = '',
  onMade: (why: string) => void = () => undefined,
): Promise<Authority> {
  const { client, operator, log } = context;
  const { namespace } = operator;
  const stored = await get<Secret>(client, RESOURCES.secrets, { name: AUTHORITY_SECRET, namespace }, { signal });
  const now = nowOf(context);
  const known = stored && readAuthority(stored);
  const wished = stored?.metadata.annotations?.[WISH_ANNOTATION] ?? '';
  const failure =
    known === undefined
      ? 'there is none'
      : (unfitness(known, now) ?? (wish !== '' && wish !== wished ? 'a new one was asked for' : undefined));
  if (known !== undefined && failure === undefined) return known;

  const authority = await createAuthority({
    name: 'sidecar-injector CA',
    now,
    lifetimeSeconds: YEAR_SECONDS,
    skewMs: alarmingSkew(context),
    signal,
  });
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    ...stored,
    metadata: {
      ...stored?.metadata,
      name: AUTHORITY_SECRET,
      namespace,
      labels: { ...stored?.metadata.labels, [MANAGED_BY_LABEL]: MANAGED_BY },
      ...(wish !== '' && { annotations: { ...stored?.metadata.annotations, [WISH_ANNOTATION]: wish } }),
    },
    data: {
      'ca.crt': Buffer.from(authority.certificate).toString('base64'),
      'ca.key': Buffer.from(authority.key).toString('base64'),
    },
  };
  // Whoever loses the race gets a conflict here and uses the winner's on the next try.
  await (stored === undefined
    ? create(client, RESOURCES.secrets, secret, { signal })
    : replace(client, RESOURCES.secrets, secret, { signal }));
  log.info('made a certificate authority', { secret: AUTHORITY_SECRET, why: failure });
  onMade(failure ?? '');
  return authority;
}

/** By how much certificates are dated back beyond the usual. */
export function alarmingSkew({ skewMs = () => 0 }: Pick<InjectorContext, 'skewMs'>): number {
  const skew = skewMs();
  return isAlarming(skew) ? skew : 0;
}

function readAuthority(secret: Secret): Authority {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  return { certificate: text('ca.crt'), key: text('ca.key') };
}

/** Why an authority must not sign any more. */
function unfitness({ certificate, key }: Authority, now: Date): string | undefined {
  const parsed = parseCertificates(certificate)?.[0];
  if (parsed === undefined) return 'its certificate is not PEM';
  if (!parsed.ca || !isSelfSigned(parsed)) return 'its certificate is no root authority';
  if (!keyMatches(parsed, key)) return 'its key does not belong to its certificate';
  const start = parsed.validFromDate.getTime();
  const renewAt = start + (parsed.validToDate.getTime() - start) * RENEW_AT;
  return now.getTime() >= renewAt ? 'two thirds of its life are over' : undefined;
}
