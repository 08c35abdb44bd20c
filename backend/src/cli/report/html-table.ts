import { formatFigure } from '../measure/index.js';
import { escape } from './escape.js';

/** A cell with a figure. */
export function figureCell(text: string): string {
  return `<td class="n">${text}</td>`;
}

/** The names of columns: the first of words, the others of figures. */
export function tableHead(names: readonly string[]): string {
  const cells = names.map(
    (name, index) => `<th${index === 0 ? '' : ' class="n"'}>${escape(name)}</th>`,
  );
  return `<tr>${cells.join('')}</tr>`;
}

/** Rows as a table in a frame. */
export function boxed(rows: readonly string[], className = ''): string {
  const all = className === '' ? 'box' : `box ${className}`;
  return `<div class="${all}"><table>${rows.join('')}</table></div>`;
}

/** Whether a bound holds. */
export function markOfBound(holds: boolean): string {
  return `<span class="mark ${holds ? 'yes' : 'no'}">${holds ? '✓ holds' : '✗ broken'}</span>`;
}

/** Something that a drill must show, and what was seen. */
export interface PlainBound {
  readonly what: string;
  readonly why: string;
  readonly seen: string;
  readonly holds: boolean;
}

// Neither a figure and its unit nor an option of a command is read well on two lines.
function unbroken(text: string): string {
  return escape(text)
    .replace(/(\d) (ms|s)\b/g, '$1&nbsp;$2')
    .replace(/--[a-z-]+/g, '<span class="whole">$&</span>');
}

/** Bounds, each with its reason. */
export function boundTable(bounds: readonly PlainBound[]): string {
  const rows = bounds.map(
    ({ what, why, seen, holds }) =>
      `<tr><td>${escape(what)}<div class="why">${unbroken(why)}</div></td><td>${unbroken(seen)}</td>` +
      `<td>${markOfBound(holds)}</td></tr>`,
  );
  return boxed(['<tr><th>Bound</th><th>measured</th><th>verdict</th></tr>', ...rows]);
}

/** Something that happened, counted from the fault. */
export interface StepAfter {
  readonly label: string;
  readonly afterFaultMs: number;
}

/** Steps in the order in which they happened. */
export function stepTable(steps: readonly StepAfter[]): string {
  const rows = [...steps]
    .sort((a, b) => a.afterFaultMs - b.afterFaultMs)
    .map(
      ({ label, afterFaultMs }) =>
        `<tr><td>${escape(label)}</td>${figureCell(`${formatFigure(afterFaultMs)} ms`)}</tr>`,
    );
  return boxed([tableHead(['Step', 'after the fault']), ...rows], 'steps');
}

/** A name and a text. */
export type Fact = readonly [name: string, text: string];

/** Any of them. */
export function factTable(facts: readonly Fact[]): string {
  return boxed(
    facts.map(
      ([name, text]) => `<tr><td class="soft">${escape(name)}</td><td>${escape(text)}</td></tr>`,
    ),
  );
}
