/**
 * A pattern in Go's syntax (RE2) as a JavaScript RegExp. Handles what differs in everyday patterns: leading flags, `\z`, `\A`, named groups.
 * @throws SyntaxError when it cannot be compiled.
 */
export function goRegExp(pattern: string, flags = ''): RegExp {
  const [, leading = '', rest = pattern] = /^\(\?([ims]+)\)([\s\S]*)$/.exec(pattern) ?? [];
  const source = rest
    .replaceAll(String.raw`\z`, '$')
    .replaceAll(String.raw`\A`, '^')
    .replaceAll('(?P<', '(?<');
  try {
    return new RegExp(source, `${flags}${leading}u`);
  } catch {
    // The u flag refuses escapes that RE2 accepts, such as `\-` and `\_`.
    try {
      return new RegExp(source, `${flags}${leading}`);
    } catch (error) {
      throw new SyntaxError(goText((error as Error).message, pattern), { cause: error });
    }
  }
}

/** What regexp/syntax says of the everyday mistakes. */
function goText(message: string, pattern: string): string {
  if (message.includes('Unterminated group')) return `missing closing ): \`${pattern}\``;
  if (message.includes('Unmatched')) return `unexpected ): \`${pattern}\``;
  if (message.includes('Unterminated character class'))
    return `missing closing ]: \`${pattern.slice(pattern.lastIndexOf('['))}\``;
  if (message.includes('Nothing to repeat'))
    return `missing argument to repetition operator: \`${/[*+?]/v.exec(pattern)?.[0] ?? ''}\``;
  return message;
}
