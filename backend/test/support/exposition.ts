/** One line of values. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric as it was scraped. */
export interface ScrapedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ScrapedSample[];
}

/** The error for a text that is not in the format. */
export class ExpositionError extends Error {}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (\\S.*)$`);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE_LINE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]Inf|[-+0-9.e]+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(,|$)/y;

interface Open {
  readonly name: string;
  readonly help: string;
  type: string | null;
  readonly samples: ScrapedSample[];
}

/** Parses the text format of Prometheus, and refuses some mistakes that Prometheus might accept. */
export function parseExposition(text: string): ReadonlyMap<string, ScrapedFamily> {
  if (!text.endsWith('\n')) throw new ExpositionError('the last line has no end');
  const families = new Map<string, Open>();
  const seen = new Set<string>();
  let open: Open | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = HELP_LINE.exec(line);
    if (help !== null) {
      open = begin(families, help);
      continue;
    }
    if (open === null) throw new ExpositionError(`a line before the first HELP: ${line}`);
    if (line.startsWith('# TYPE')) open.type = typeOf(line, open);
    else open.samples.push(sampleOf(line, open, seen));
  }
  return new Map([...families].map(([name, family]) => [name, closed(family)]));
}

/** How many series there are. */
export function seriesIn(families: ReadonlyMap<string, ScrapedFamily>): number {
  return [...families.values()].reduce((sum, { samples }) => sum + samples.length, 0);
}

/** The value of the one series with (at least) these labels. */
export function valueIn(
  families: ReadonlyMap<string, ScrapedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const family = families.get(name) ?? families.get(base);
  const found = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new ExpositionError(
      `${name}${JSON.stringify(labels)}: ${String(found.length)} series instead of one`,
    );
  }
  return only.value;
}

function begin(families: Map<string, Open>, [, name = '', help = '']: RegExpExecArray): Open {
  if (families.has(name)) throw new ExpositionError(`${name} begins twice`);
  const open: Open = { name, help, type: null, samples: [] };
  families.set(name, open);
  return open;
}

function typeOf(line: string, open: Open): string {
  const [, name, type = ''] = TYPE_LINE.exec(line) ?? [];
  if (name !== open.name || open.type !== null) throw new ExpositionError(`misplaced: ${line}`);
  return type;
}

function sampleOf(line: string, { name: family, type }: Open, seen: Set<string>): ScrapedSample {
  const [, name = '', labelText = '', number = ''] = SAMPLE_LINE.exec(line) ?? [];
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!suffixes.some((suffix) => name === family + suffix)) {
    throw new ExpositionError(`not a value of ${family} (${String(type)}): ${line}`);
  }
  const labels = labelsOf(labelText);
  const series = name + JSON.stringify(Object.entries(labels).sort());
  if (seen.has(series)) throw new ExpositionError(`there twice: ${line}`);
  seen.add(series);
  return { name, labels, value: numberOf(number) };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const [, name, value = ''] = LABEL.exec(text) ?? [];
    if (name === undefined || name in labels) {
      throw new ExpositionError(`labels: ${text.slice(at)}`);
    }
    labels[name] = value.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
  }
  return labels;
}

function numberOf(text: string): number {
  const value = Number(text.replace('Inf', 'Infinity'));
  if (text !== 'NaN' && Number.isNaN(value)) throw new ExpositionError(`not a number: ${text}`);
  return value;
}

function closed({ name, help, type, samples }: Open): ScrapedFamily {
  if (type === null) throw new ExpositionError(`${name} has no TYPE`);
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) {
    throw new ExpositionError(`${name} counts below zero`);
  }
  return { name, help, type, samples };
}
