/** How commands end, for scripts and CI. Part of the API: docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** An input is wrong, or the tool failed. */
  error: 1,
  /** The command line is wrong. */
  usage: 2,
  /** With --strict: something was left out that was asked for. */
  strict: 3,
  /** A pod would be refused by the cluster (`onConflict: Reject`). */
  refused: 4,
} as const;
