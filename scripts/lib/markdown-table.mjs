// @ts-check
// Tables as Markdown, for whoever pastes them into a document.

/**
 * A table whose first column is text and whose others are numbers.
 * @param {readonly string[]} header
 * @param {readonly (readonly (string | number)[])[]} rows
 */
export function markdownTable(header, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.map(format).join(' | ')} |`;
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

/** @param {string | number} cell */
function format(cell) {
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}
