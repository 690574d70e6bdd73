/** /healthz, /livez and /readyz with their single checks (k8s.io/apiserver/pkg/server/healthz). */

export interface Health {
  status: number;
  text: string;
}

// What there is to be unhealthy about in one process: named as a real server names them.
const CHECKS: Record<string, string[]> = {
  healthz: ['ping', 'log', 'etcd'],
  livez: ['ping', 'log', 'etcd'],
  readyz: ['ping', 'log', 'etcd', 'informer-sync', 'shutdown'],
};

/** The answer for such a path; undefined for any other, and for checks that do not exist. */
export function health(path: string, query: URLSearchParams): Health | undefined {
  const [endpoint = '', check, ...rest] = path.split('/').slice(1);
  const checks = Object.hasOwn(CHECKS, endpoint) ? CHECKS[endpoint] : undefined;
  if (!checks || rest.length > 0 || (check !== undefined && !checks.includes(check))) return undefined;
  if (check !== undefined || !query.has('verbose')) return { status: 200, text: 'ok' };
  const excluded = query.getAll('exclude');
  const lines = checks.map((name) => (excluded.includes(name) ? `[+]${name} excluded: ok` : `[+]${name} ok`));
  return { status: 200, text: `${lines.join('\n')}\n${endpoint} check passed\n` };
}
