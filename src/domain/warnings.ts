/**
 * Warnings as the API server lets them through: it drops one with control characters silently, and cuts long ones
 * (apiserver/pkg/warning, apiserver/pkg/admission/plugin/webhook/request).
 */

const MAX_WARNINGS = 5;
const MAX_LENGTH = 120;

/** What nearly every text is, and needs no work. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** One line of printable characters, at most `limit` long. Also for text of users that goes into a log line. */
export function oneLine(text: string, limit: number = MAX_LENGTH): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
  const characters = Array.from(clean);
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : clean;
}

/** At most 5 different warnings, each with the injector's name in front. */
export function warningsFor(injector: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  return [...new Set(texts.map((text) => oneLine(`sidecar-injector ${injector}: ${text}`)))].slice(0, MAX_WARNINGS);
}
