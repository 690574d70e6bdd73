import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf, isAsTold, stepsOf } from './blocks.ts';

const PAGE = `# Page

\`\`\`sh exits=4
false
\`\`\`

- a list

  \`\`\`yaml file=app.yaml
  a: 1
  \`\`\`

    its second paragraph

<!-- test:
hidden
-->

Text.

    indented
    commands

\`\`\`
$ bare
\`\`\`

\`\`\`yaml no-run: why not
b: 1
\`\`\`
`;

test('a page is its blocks, in order', () => {
  assert.deepEqual(
    blocksOf(PAGE).map(({ language, options, text, line }) => [line, language, options, text.trim()]),
    [
      [4, 'sh', { exits: '4' }, 'false'],
      [10, 'yaml', { file: 'app.yaml' }, 'a: 1'],
      [15, 'sh', {}, 'hidden'],
      [21, 'sh', {}, 'indented\n    commands'],
      [25, 'console', {}, '$ bare'],
      [29, 'yaml', { 'no-run': 'why not' }, 'b: 1'],
    ],
  );
  assert.throws(() => blocksOf('```sh\nno end'), /has no end/);
});

test('a console block is commands with what they print', () => {
  const [block] = blocksOf('```console\n$ one\n1\n\n$ two\n```');
  assert.ok(block);
  assert.deepEqual(stepsOf(block), [
    { command: 'one', output: '1\n' },
    { command: 'two', output: '' },
  ]);
  assert.throws(() => stepsOf({ ...block, text: 'one\n$ two' }), /begins with/);
});

test('what a page says is compared with what is printed', () => {
  assert.ok(isAsTold('NAME  READY\nnginx True', 'NAME     READY   \nnginx    True\n'));
  assert.ok(isAsTold('a\n...\nz … z', 'a\nb\nc\nz y z\n'));
  assert.ok(isAsTold('', ''));
  assert.ok(!isAsTold('nginx True', 'nginx False\n'));
  assert.ok(!isAsTold('a', 'a\nb\n'));
  assert.ok(!isAsTold('', 'b\n'));
  assert.ok(!isAsTold('a.c', 'abc\n'));
});
