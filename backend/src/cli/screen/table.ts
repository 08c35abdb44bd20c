import { padTo, widthOf } from './styles.js';

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** The one that gives way where the window is too narrow; the last where none does. */
  readonly isFlexible?: boolean;
  /** Whether figures stand below each other by their last digit. */
  readonly isNumber?: boolean;
}

const GAP = '  ';
const CUT = '…';
const NARROWEST_CELL = 8;

/**
 * Draws a table without lines around it. Its width never exceeds the columns of a terminal; cells that must give way end
 * with `…`. @param columns - `null` where nothing may be cut, as in a file
 */
export function drawTable(
  table: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number | null,
): string[] {
  const widths = table.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  if (columns !== null) makeRoom(table, widths, columns);
  const draw = (cells: readonly string[]): string =>
    table
      .map(({ isNumber }, at) => drawCell(cells[at] ?? '', widths[at] ?? 0, isNumber === true))
      .join(GAP)
      .trimEnd();
  return [draw(table.map(({ title }) => title)), ...rows.map(draw)];
}

function makeRoom(table: readonly Column[], widths: number[], columns: number): void {
  const all = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  const flexible = table.findIndex(({ isFlexible }) => isFlexible === true);
  const at = flexible === -1 ? widths.length - 1 : flexible;
  widths[at] = Math.max(NARROWEST_CELL, (widths[at] ?? 0) - Math.max(0, all - columns));
}

function drawCell(text: string, width: number, isNumber: boolean): string {
  if (widthOf(text) > width) return cutTo(text, width);
  return isNumber ? ' '.repeat(width - widthOf(text)) + text : padTo(text, width);
}

/** Cuts a text to a width, with `…` at its end. Marks are kept, so that none goes on behind it. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let left = width - CUT.length;
  let isCut = false;
  // Marks take no room; everything else is one column a character.
  // eslint-disable-next-line no-control-regex -- these are control characters
  return text.replace(/(\u001b\[\d+m)|[^]/gu, (part, mark: string | undefined) => {
    if (mark !== undefined) return mark;
    if (left > 0) {
      left -= 1;
      return part;
    }
    if (isCut) return '';
    isCut = true;
    return CUT;
  });
}

/** Breaks a text between words into lines of at most so many columns. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
