/** Marks text by what it means. Without colours it is returned as it is. */
export interface Styles {
  readonly good: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const ESCAPE = '\u001b[';

const between =
  (on: number, off: number) =>
  (text: string): string =>
    text === '' ? '' : `${ESCAPE}${String(on)}m${text}${ESCAPE}${String(off)}m`;

const asItIs = (text: string): string => text;

const COLORED: Styles = {
  good: between(32, 39),
  doubtful: between(33, 39),
  bad: between(31, 39),
  strong: between(1, 22),
  faint: between(2, 22),
};

const PLAIN: Styles = {
  good: asItIs,
  doubtful: asItIs,
  bad: asItIs,
  strong: asItIs,
  faint: asItIs,
};

/** Returns how text is marked. */
export function stylesOf(hasColors: boolean): Styles {
  return hasColors ? COLORED : PLAIN;
}

// eslint-disable-next-line no-control-regex -- these are control characters
const MARKS = /\u001b\[\d+m/g;

/** How many columns a text takes on a terminal, its marks left out. */
export function widthOf(text: string): number {
  return text.replace(MARKS, '').length;
}

/** Fills a text with spaces up to a width, its marks left out. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
