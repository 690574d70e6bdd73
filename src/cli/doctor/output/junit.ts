/** For CI servers: a test case for each check, in the JUnit XML that Jenkins and GitLab read. */
import { CATEGORIES, problemsOf, type Result } from '../check.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** XML 1.0 has no way to write most control characters. */
function xml(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');
  return clean.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function details(result: Result): string {
  return problemsOf(result)
    .map(({ state, about, message, evidence, fix }) =>
      [`${state}: ${about}: ${message}`, ...(evidence ? [`seen: ${evidence}`] : []), `fix: ${fix}`].join('\n'),
    )
    .join('\n\n');
}

function testCase(result: Result): string[] {
  const { id, category, title, state } = result;
  const open = `    <testcase classname="doctor.${category}" name="${xml(`${id} ${title}`)}"`;
  switch (state) {
    case 'fail':
      return [
        `${open}>`,
        `      <failure message="${xml(problemsOf(result)[0]?.message ?? '')}">${xml(details(result))}</failure>`,
        '    </testcase>',
      ];
    case 'skip':
      return [`${open}>`, `      <skipped message="${xml(result.reason)}"/>`, '    </testcase>'];
    case 'warn':
      return [`${open}>`, `      <system-out>${xml(details(result))}</system-out>`, '    </testcase>'];
    case 'ok':
    default:
      return [`${open}/>`];
  }
}

/** @param strict warnings fail, as they do for the exit code */
export function asJunit(results: readonly Result[], strict: boolean): string {
  const judged = results.map((result): Result =>
    strict && result.state === 'warn' ? { ...result, state: 'fail' } : result,
  );
  const number = (of: readonly Result[], state: string): number => of.filter((result) => result.state === state).length;
  const suites = CATEGORIES.flatMap((category) => {
    const own = judged.filter((result) => result.category === category);
    if (own.length === 0) return [];
    const counts = `tests="${own.length}" failures="${number(own, 'fail')}" errors="0" skipped="${number(own, 'skip')}"`;
    return [
      `  <testsuite name="${category}" ${counts}>`,
      ...own.flatMap((result) => testCase(result)),
      '  </testsuite>',
    ];
  });
  const all = `tests="${judged.length}" failures="${number(judged, 'fail')}" errors="0" skipped="${number(judged, 'skip')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="doctor" ${all}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}
