/** What follows from clocks that differ: the operator's own, and that of the API servers, which verify by it (reference/certs.md 3.4). */

const TOLD_MS = 30_000;
const ALARM_MS = 5 * 60_000;

/** So much that people are told. */
export function isTold(skewMs: number): boolean {
  return Math.abs(skewMs) > TOLD_MS;
}

/** So much that times in certificates can no longer be judged: nothing that is trusted is given up. */
export function isAlarming(skewMs: number): boolean {
  return Math.abs(skewMs) > ALARM_MS;
}

/** For people. Positive: the API servers' clock is ahead. */
export function skewText(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const side = skewMs > 0 ? 'ahead of' : 'behind';
  const more = isAlarming(skewMs) ? '; certificates are dated back, and no trust is given up until then' : '';
  return `the API server's clock is ${seconds} s ${side} the operator's: set the clocks of the nodes by NTP${more}`;
}
