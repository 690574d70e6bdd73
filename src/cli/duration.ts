/** Spans of time as kubectl prints ages (k8s.io/apimachinery/pkg/util/duration: HumanDuration). */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Below two minutes in seconds, below ten minutes with seconds, below three hours in minutes, and so on. */
export function humanDuration(ms: number): string {
  const with2 = (large: number, one: string, small: number, two: string): string => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)}${one}${rest === 0 ? '' : `${rest}${two}`}`;
  };
  if (ms < 0) return '0s';
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < 10 * MINUTE) return with2(MINUTE, 'm', SECOND, 's');
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return with2(HOUR, 'h', MINUTE, 'm');
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 8 * DAY) return with2(DAY, 'd', HOUR, 'h');
  if (ms < 2 * YEAR) return `${Math.floor(ms / DAY)}d`;
  if (ms < 8 * YEAR) return with2(YEAR, 'y', DAY, 'd');
  return `${Math.floor(ms / YEAR)}y`;
}

/** How long until a time of an object; `<none>` for no time, `expired` for one that is past. */
export function untilText(time: string | undefined, now: Date): string {
  const at = Date.parse(time ?? '');
  if (Number.isNaN(at)) return '<none>';
  return at <= now.getTime() ? 'expired' : humanDuration(at - now.getTime());
}

/** How long since a time of an object; `<unknown>` for no time. */
export function sinceText(time: string | undefined, now: Date): string {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now.getTime() - at);
}
