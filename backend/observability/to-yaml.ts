/** What a file of Prometheus is made of. */
export type Yaml = string | number | { readonly [key: string]: Yaml | undefined } | readonly Yaml[];

/** Writes it as YAML that a person can read: every text in quotes, and texts of several lines as blocks. */
export function toYaml(value: Yaml, indent = ''): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return text(value, indent);
  const isList = isArray(value);
  if (isList) return value.map((item) => `\n${indent}- ${inner(item, indent)}`).join('');
  return Object.entries(value)
    .flatMap(([key, item]) =>
      item === undefined ? [] : [`\n${indent}${key}:${spaced(item, indent)}`],
    )
    .join('');
}

function isArray(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}

// The first line of an item of a list stands behind its dash.
function inner(item: Yaml, indent: string): string {
  return toYaml(item, `${indent}  `).trimStart();
}

function spaced(item: Yaml, indent: string): string {
  const written = toYaml(item, `${indent}  `);
  return typeof item === 'object' ? written : ` ${written}`;
}

function text(value: string, indent: string): string {
  if (!value.includes('\n')) return `'${value.replaceAll("'", "''")}'`;
  return `|-\n${value
    .split('\n')
    .map((line) => indent + line)
    .join('\n')}`;
}
