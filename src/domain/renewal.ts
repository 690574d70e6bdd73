/** When a certificate is renewed. */
import { createHash } from 'node:crypto';

const SHORT_LIFE_MS = 30 * 60_000;
/** At most this part of the life is taken off as jitter, so that certificates made together are not renewed together. */
const JITTER = 0.1;
/** A renewal before this part of the life would be followed by the next one at once, without end. */
const EARLIEST = 0.4;

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/**
 * Seconds of a Go duration of hours, minutes and seconds ("2160h", "1h30m"); undefined for any other text.
 */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0);
}

/**
 * The moment to renew: after two thirds of the life that the signer gave (never of the life that was asked for), less a
 * jitter of up to a tenth that is fixed by the seed; half of it for a life under 30 minutes. `renewBefore` replaces the two
 * thirds where it fits into the life. Rules of reference/certs.md 3.4.
 *
 * @param validity the earliest end of the whole chain, not of the leaf alone
 * @param renewBeforeSeconds spec.certificate.renewBefore
 * @param seed the same seed gives the same moment: the injector's uid and the certificate's serial number
 */
export function renewalTime(
  validity: { notBefore: Date; notAfter: Date },
  renewBeforeSeconds: number | undefined,
  seed: string,
): Date {
  const start = validity.notBefore.getTime();
  const life = validity.notAfter.getTime() - start;
  const earliest = start + life * EARLIEST;
  if (renewBeforeSeconds !== undefined) {
    const asked = validity.notAfter.getTime() - renewBeforeSeconds * 1000;
    if (asked > earliest) return new Date(asked);
  }
  const share = life < SHORT_LIFE_MS ? 1 / 2 : 2 / 3;
  const moment = start + life * share - jitter(seed) * life * JITTER;
  return new Date(Math.max(moment, earliest));
}

/**
 * The life of a certificate from when it was received: what a signer dates back nobody can use. A short one that was dated
 * back by more than its life would else be due at once, and so would the next one, without end.
 */
export function usableLife<T extends { notBefore: Date; notAfter: Date }>(validity: T, received: Date | undefined): T {
  const { notBefore, notAfter } = validity;
  const inside = received !== undefined && received > notBefore && received < notAfter;
  return inside ? { ...validity, notBefore: received } : validity;
}

/** A tenth less than was asked for is no news: signers round. */
const SHORT = 0.9;

/** Did the signer give less than was asked for? */
export function isShorter({ notBefore, notAfter }: { notBefore: Date; notAfter: Date }, askedSeconds: number): boolean {
  return notAfter.getTime() - notBefore.getTime() < askedSeconds * 1000 * SHORT;
}

const MINUTE = 60;
const HOUR = 3600;

/** Seconds as a Go duration, rounded to what people care for. */
export function durationText(seconds: number): string {
  if (seconds >= 2 * HOUR) return `${Math.round(seconds / HOUR)}h`;
  return seconds >= 10 * MINUTE ? `${Math.round(seconds / MINUTE)}m` : `${Math.round(seconds)}s`;
}

/** What people are told of a certificate that lives shorter than was asked for. */
export function shorterText(
  { notBefore, notAfter }: { notBefore: Date; notAfter: Date },
  askedSeconds: number,
): string {
  const life = notAfter.getTime() - notBefore.getTime();
  const early = life < SHORT_LIFE_MS ? '; so short a life is renewed when half of it is over' : '';
  return `the signer gave ${durationText(life / 1000)} where ${durationText(askedSeconds)} was asked for${early}`;
}

/** A number in [0, 1) that the seed alone decides. */
export function jitter(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;
}
