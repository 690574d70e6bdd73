import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { table } from './table.ts';

describe('table', () => {
  it('pads as kubectl does: three blanks, at least six columns, none at the end', () => {
    assert.equal(
      table(
        ['NAME', 'N', 'MESSAGE'],
        [
          ['a', '1', 'well'],
          ['longer-name', '12345', ''],
        ],
      ),
      'NAME          N       MESSAGE\na             1       well\nlonger-name   12345\n',
    );
  });

  it('is not moved by colours, nor broken by what stands in a cell', () => {
    const red = (text: string): string => `\u001B[31m${text}\u001B[39m`;
    assert.equal(
      table(['A', 'B'], [[{ text: 'x', style: red }, 'two\nlines\u001B[2J']]),
      'A     B\n\u001B[31mx\u001B[39m     two lines [2J\n',
    );
  });
});
