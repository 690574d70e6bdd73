/** The command lines of the golden files; `in/` stands for the folder beside this file. */
export interface Case {
  name: string;
  argv: readonly string[];
  stdin?: string;
  /** A command whose output is the standard input. */
  from?: readonly string[];
}

const inject = (...words: string[]): string[] => ['inject', ...words];
const COMMON = ['-f', 'in/nginx.in', '-f', 'in/namespaces.in'];

export const CASES: readonly Case[] = [
  { name: 'reasons', argv: inject('-f', 'in/reasons.in', ...COMMON, '-o', 'patch') },
  { name: 'reasons-strict', argv: inject('-f', 'in/reasons.in', ...COMMON, '-o', 'patch', '--strict') },
  { name: 'assume-selected', argv: inject('-f', 'in/web.in', '-f', 'in/nginx.in', '--assume-selected', '-o', 'diff') },
  { name: 'audit', argv: inject('-f', 'in/web.in', '-f', 'in/audit.in', '-f', 'in/namespaces.in', '--strict') },
  { name: 'paused', argv: inject('-f', 'in/web.in', '-f', 'in/paused.in', '-f', 'in/namespaces.in') },
  { name: 'conflict-skipped', argv: inject('-f', 'in/taken.in', ...COMMON, '--strict') },
  { name: 'conflict-rejected', argv: inject('-f', 'in/taken.in', '-f', 'in/reject.in', '-f', 'in/namespaces.in') },
  { name: 'conflict-replaced', argv: inject('-f', 'in/taken.in', '-f', 'in/replace.in', '-f', 'in/namespaces.in') },
  { name: 'several-injectors', argv: inject('-f', 'in/web.in', '-f', 'in/two.in', '-f', 'in/namespaces.in') },
  {
    name: 'already-injected',
    argv: inject('-f', '-', ...COMMON, '--strict'),
    from: inject('-f', 'in/web.in', '-f', 'in/nginx.in', '--assume-selected'),
  },
  { name: 'style', argv: inject('-f', 'in/style.in', ...COMMON) },
  {
    name: 'style-diff',
    argv: inject(
      '-f',
      'in/style.in',
      '-f',
      'in/nginx.in',
      '--assume-selected',
      '--pod-path',
      'Mystery=spec.template',
      '-o',
      'diff',
    ),
  },
  { name: 'windows', argv: inject('-f', 'in/windows.in', ...COMMON) },
  { name: 'kinds', argv: inject('-f', 'in/kinds.in', ...COMMON) },
  {
    name: 'custom-kinds',
    argv: inject(
      '-f',
      'in/kinds.in',
      ...COMMON,
      '-o',
      'patch',
      '--pod-path=Rollout=spec.template',
      '--pod-path=RayCluster=spec.headGroupSpec.template',
      '--pod-path=RayCluster=spec.workerGroupSpecs[*].template',
    ),
  },
  { name: 'json-in-yaml-out', argv: inject('-f', 'in/app.json.in', ...COMMON) },
  { name: 'json-out', argv: inject('-f', 'in/app.json.in', '-f', 'in/nginx.in', '--assume-selected', '-o', 'json') },
  { name: 'json-list', argv: inject('-f', 'in/web.in', ...COMMON, '--keep-injectors', '-o', 'json') },
  {
    name: 'stdin',
    argv: inject('-f', '-', ...COMMON, '-n', 'shop'),
    stdin:
      '{apiVersion: v1, kind: Pod, metadata: {name: piped, annotations: {inject.sidecarinjector.dev/nginx: t}}, spec: {containers: [{name: a, image: b}]}}',
  },
  { name: 'no-injector', argv: inject('-f', 'in/web.in') },
  { name: 'not-yaml', argv: inject('-f', 'in/not-yaml.in', ...COMMON) },
  { name: 'a-key-twice', argv: inject('-f', 'in/twice.in', ...COMMON) },
  { name: 'broken-injector', argv: inject('-f', 'in/web.in', '-f', 'in/broken.in') },
  { name: 'empty-injector', argv: inject('-f', 'in/web.in', '-f', 'in/empty.in') },
  { name: 'injector-twice', argv: inject(...COMMON, '-f', 'in/nginx.in') },
  { name: 'no-such-file', argv: inject('-f', 'in/nowhere.in') },
  { name: 'usage', argv: inject('file.yaml', '--nonsense', '-o', 'xml', '--pod-path', 'x', '--strict=1', '-f') },
  { name: 'inject-help', argv: inject('--help') },
  { name: 'export', argv: ['export', '--as', 'mutatingadmissionpolicy', '-f', 'in/nginx.in'] },
  {
    name: 'export-limits',
    argv: ['export', '--as', 'mutatingadmissionpolicy', '-f', 'in/audit.in', '-f', 'in/a-reject.in'],
  },
  { name: 'export-json', argv: ['export', '--as', 'mutatingadmissionpolicy', '-f', 'in/two.in', '-o', 'json'] },
  { name: 'export-usage', argv: ['export', '--as', 'webhook'] },
  { name: 'export-help', argv: ['export', '-h'] },
];
