/** How commands end, for scripts and CI; the same whatever is printed. Part of the API: docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** An input is wrong, the cluster cannot be asked, or the tool failed. */
  error: 1,
  /** The command line is wrong. */
  usage: 2,
  /** With --strict: something was left out that was asked for, or there are warnings. */
  strict: 3,
  /** What was looked at is not well: the cluster would refuse a pod (`onConflict: Reject`), a check of doctor fails. */
  failed: 4,
} as const;
