/** For scripts. The shape is part of the API: fields may be added, none goes or changes. */
import { problemsOf, worst, type Result } from '../check.ts';

export function asJson(results: readonly Result[], cluster: string): string {
  const report = {
    apiVersion: 'sidecarinjector.dev/v1alpha1',
    kind: 'DoctorReport',
    cluster,
    state: worst(results),
    checks: results.map((result) => {
      const { id, category, title, state } = result;
      const problems = problemsOf(result).map(({ mend, ...problem }) => ({ ...problem, fixable: mend !== undefined }));
      return {
        id,
        category,
        title,
        state,
        ...(state === 'ok' && { message: result.message }),
        ...(state === 'skip' && { reason: result.reason }),
        ...(problems.length > 0 && { problems }),
      };
    }),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
