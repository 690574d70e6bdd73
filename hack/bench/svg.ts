/** A bar chart as SVG: groups of bars along one axis. */

export interface Bar {
  label: string;
  /** One value per series; undefined leaves a gap. */
  values: readonly (number | undefined)[];
}

const COLOURS = ['#9aa5b1', '#d98c3f', '#2f6fab', '#7fb3e0', '#4b9560'];
const [WIDTH, BAR, GAP, LEFT, RIGHT] = [860, 14, 14, 210, 70];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** `unit` stands behind each value. */
export function barChart(title: string, series: readonly string[], bars: readonly Bar[], unit: string): string {
  const largest = Math.max(...bars.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const scale = (WIDTH - LEFT - RIGHT) / largest;
  const parts: string[] = [];
  let y = 70;
  for (const { label, values } of bars) {
    const shown = values.flatMap((value, index) => (value === undefined ? [] : [{ value, index }]));
    const middle = y + (shown.length * BAR) / 2 + 4;
    parts.push(`<text x="${LEFT - 10}" y="${middle}" text-anchor="end">${escaped(label)}</text>`);
    for (const { value, index } of shown) {
      const width = Math.max(1, value * scale).toFixed(1);
      const colour = COLOURS[index % COLOURS.length];
      parts.push(`<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colour}"/>`);
      const text = `${Math.round(value).toLocaleString('en')} ${unit}`;
      parts.push(`<text x="${LEFT + Number(width) + 5}" y="${y + BAR - 4}" font-size="10">${text}</text>`);
      y += BAR;
    }
    y += GAP;
  }
  const legend = series.map((name, index) => {
    const x = LEFT + index * 150;
    const box = `<rect x="${x}" y="38" width="12" height="12" fill="${COLOURS[index % COLOURS.length]}"/>`;
    return `${box}<text x="${x + 17}" y="48">${escaped(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    `<text x="10" y="22" font-size="16">${escaped(title)}</text>`,
    ...legend,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
