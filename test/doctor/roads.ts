/** Breaks on the road from the API server to the operator: one for each error text of an API server that a network can give. */
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { identityOf, probeAnew, type Bed } from './bed.ts';
import type { Break } from './break.ts';
import { certificateOf, type WrongCertificate } from './certificates.ts';
import type { RoadState } from './road.ts';
import { https, patched, plainHttp, review, reviewing, saying, silence, type Running } from './servers.ts';

/** The words of the API server, and what the operator and doctor make of them. */
interface Way {
  name: string;
  /** The cause in the operator's words. */
  cause: RegExp;
  /** Part of what the API server says. */
  text: RegExp;
  open(bed: Bed, injector: string): Promise<RoadState | Running>;
  /** For what only shows when the API server's patience ends. */
  timeoutSeconds?: number;
  /** In the short form, too, the operator's own word is waited for. */
  always?: true;
}

const plain = (state: RoadState) => (): Promise<RoadState> => Promise.resolve(state);

/** A server with the operator's own identity, so that the handshake succeeds. */
const answering =
  (answer: Parameters<typeof https>[1], wantsClient = false) =>
  async (bed: Bed, injector: string): Promise<Running> =>
    https(await identityOf(bed, injector), answer, wantsClient);

/** A server with a certificate that is wrong. */
const showing =
  (wrong: Partial<WrongCertificate> & { issued?: 'by the name of our CA' }) =>
  async (bed: Bed, injector: string): Promise<Running> => {
    const { key, ca } = await identityOf(bed, injector);
    const names = [serviceDnsName(injector, OPERATOR_NAMESPACE)];
    const { issued, ...rest } = wrong;
    const certificate = { names, ...rest, ...(issued !== undefined && { issuerPem: ca }) };
    return https({ key, cert: certificateOf(key, certificate) }, saying(200, ''));
  };

const WAYS: readonly Way[] = [
  {
    name: 'nothing listens',
    text: /connection refused/,
    cause: /nothing listens behind the Service/,
    open: plain({ kind: 'refuse' }),
    always: true,
  },
  {
    name: 'the connection is closed',
    text: /EOF|connection reset by peer/,
    cause: /the connection broke/,
    open: plain({ kind: 'close' }),
  },
  {
    name: 'packets vanish',
    text: /context deadline exceeded|handshake timeout/,
    cause: /no answer in time|handshake hung/,
    open: plain({ kind: 'hang' }),
    timeoutSeconds: 1,
  },
  {
    name: 'plain HTTP on the port',
    text: /server gave HTTP response to HTTPS client/,
    cause: /plain HTTP is answered/,
    open: plainHttp,
  },
  {
    name: 'a certificate of another authority',
    text: /certificate signed by unknown authority/,
    cause: /does not trust the served certificate/,
    open: showing({}),
    always: true,
  },
  {
    name: 'a certificate of an authority of the same name and another key',
    text: /candidate authority certificate|certificate signed by unknown authority/,
    cause: /same name but another key/,
    open: showing({ issued: 'by the name of our CA' }),
  },
  {
    name: "a SAN without the Service's name",
    text: /certificate is valid for|IP SANs/,
    cause: /does not name the Service/,
    open: showing({ names: ['somebody.else.svc'], elsewhere: true }),
    always: true,
  },
  {
    name: 'a certificate without a SAN',
    text: /legacy Common Name|not valid for any names|IP SANs/,
    cause: /no subject alternative name|does not name the Service/,
    open: showing({ names: undefined }),
  },
  {
    name: 'an expired certificate',
    text: /has expired or is not yet valid.* is after /,
    cause: /has expired/,
    open: showing({ from: -2, to: -1 }),
  },
  {
    name: 'a certificate that is not valid yet',
    text: /has expired or is not yet valid.* is before /,
    cause: /is not valid yet/,
    open: showing({ from: 1, to: 2 }),
  },
  {
    name: 'a client certificate is wanted',
    text: /tls: certificate required|tls: bad certificate/,
    cause: /asks the API server for a client certificate/,
    open: answering(saying(200, ''), true),
  },
  {
    name: 'the handler hangs',
    text: /context deadline exceeded/,
    cause: /no answer in time/,
    open: answering(silence),
    timeoutSeconds: 1,
  },
  ...(
    [
      [401, /asked for the client to provide credentials/, /the answer was 401/],
      [403, /failed to call webhook: unknown/, /the answer was 403/],
      [404, /could not find the requested resource/, /the answer was 404/],
      [413, /status code 413/, /the answer was 413/],
      [429, /too many requests/, /overloaded/],
      [500, /an error on the server/, /failed to answer \(5xx\)/],
      [503, /currently unable to handle the request/, /not ready to answer \(503\)/],
    ] as const
  ).map(([status, text, cause]): Way => ({
    name: `HTTP ${status}`,
    text,
    cause,
    open: answering(saying(status, '')),
  })),
  {
    name: 'an empty answer',
    text: /0-length response/,
    cause: /not an admission review/,
    open: answering(saying(200, '')),
  },
  {
    name: "a proxy's page",
    text: /couldn't get version\/kind/,
    cause: /not an admission review/,
    open: answering(saying(200, '<html>sign in</html>', 'text/html')),
  },
  {
    name: 'an answer to another question',
    text: /expected response.uid/,
    cause: /not an admission review/,
    open: answering(reviewing(() => review({ uid: 'another', allowed: true }))),
  },
  {
    name: 'a review without an answer',
    text: /webhook response was absent|expected webhook response|expected response/,
    cause: /not an admission review/,
    open: answering(reviewing(() => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }))),
  },
  {
    name: 'a patch without its type',
    text: /response.patch but not response.patchType/,
    cause: /not an admission review/,
    open: answering(reviewing((uid) => patched(uid, '[]', null))),
  },
  {
    name: 'a patch that is none',
    text: /undecodable patch|invalid character|cannot unmarshal|Internal error/,
    cause: /not an admission review|patch of a mutating webhook/,
    open: answering(reviewing((uid) => patched(uid, 'no JSON'))),
  },
  {
    name: 'a patch that does not fit',
    text: /operation does not apply|missing value/,
    cause: /patch of a mutating webhook does not fit/,
    open: answering(reviewing((uid) => patched(uid, '[{"op":"add","path":"/nowhere/x","value":1}]'))),
  },
  {
    name: 'the handler refuses',
    text: /denied the request: no/,
    cause: /an admission webhook refused the pod/,
    open: answering(reviewing((uid) => review({ uid, allowed: false, status: { message: 'no' } }))),
  },
];

/** Each injector has so many Events in a short time, and no more: several of them take turns. */
const WAYS_PER_INJECTOR = 4;

export const ROAD_INJECTORS = Array.from(
  { length: Math.ceil(WAYS.length / WAYS_PER_INJECTOR) },
  (_, index) => `road-${index + 1}`,
);

/**
 * After a change the operator gives a failure some seconds before it tells of it: times all ways that is a minute. So in
 * the suite most ways are told by doctor alone; `make test-doctor` waits for the operator's word in each.
 */
const FULL = (process.env['DOCTOR_TEST'] ?? '') === 'full';

export const ROAD_BREAKS: readonly Break[] = WAYS.map((way, index): Break => {
  const injector = ROAD_INJECTORS[Math.floor(index / WAYS_PER_INJECTOR)] ?? '';
  const probed = FULL || way.always === true || way.timeoutSeconds !== undefined;
  const says = new RegExp(`ProbeFailed: .*(${way.cause.source})`, 's');
  return {
    name: way.name,
    injector,
    make: async (bed) => {
      const opened = await way.open(bed, injector);
      const server = 'kind' in opened ? undefined : opened;
      await bed.road.set('kind' in opened ? opened : { kind: 'to', port: opened.port });
      if (probed) await probeAnew(bed, injector, way.timeoutSeconds);
      return async () => {
        await bed.road.set({ kind: 'to', port: bed.operator.webhookPort });
        await server?.close();
        if (probed) await probeAnew(bed, injector);
      };
    },
    ...(probed && { condition: { type: 'InjectionVerified', status: 'False', says }, event: says }),
    // The words of the API server stand as evidence behind the cause.
    doctor: new RegExp(
      `^SI062 fail sidecarinjector/${injector}: .*(${way.cause.source}).*\\[.*(${way.text.source})`,
      's',
    ),
  };
});
