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
    return new RegExp(source, `${flags}${leading}`);
  }
}
