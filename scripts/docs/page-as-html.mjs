// @ts-check
// As much of Markdown as a page has that is printed: headings, paragraphs, quotes, lists, tables and blocks of code.

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** @param {string} text */
function inline(text) {
  return escaped(text)
    .replace(/\\\|/g, '|')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** @param {string} line */
const cellsOf = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => inline(cell.trim()));

/** @param {readonly string[]} lines */
function tableOf([head = '', , ...rows]) {
  const row = (/** @type {string} */ line, /** @type {string} */ tag) =>
    `<tr>${cellsOf(line)
      .map((cell) => `<${tag}>${cell}</${tag}>`)
      .join('')}</tr>`;
  return `<table>${row(head, 'th')}${rows.map((line) => row(line, 'td')).join('')}</table>`;
}

/** @param {string} part without empty lines */
function partOf(part) {
  const lines = part.split('\n');
  const [first = ''] = lines;
  const heading = /^(#+) (.*)$/.exec(first);
  if (heading !== null)
    return `<h${heading[1]?.length}>${inline(heading[2] ?? '')}</h${heading[1]?.length}>`;
  if (first.startsWith('|')) return tableOf(lines);
  if (first.startsWith('>')) return `<p class="lead">${inline(part.replace(/^> ?/gm, ''))}</p>`;
  if (/^[-\d]/.test(first) && /^(- |\d+\. )/.test(first)) {
    return `<ul>${lines.map((line) => `<li>${inline(line.replace(/^(- |\d+\. )/, ''))}</li>`).join('')}</ul>`;
  }
  return `<p>${inline(part)}</p>`;
}

const STYLE = `
@page { size: A4; margin: 10mm; }
body { font: 12px/1.35 sans-serif; color: #111; margin: 0; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 14px; margin: 10px 0 3px; }
p { margin: 3px 0; } .lead { color: #444; }
code, pre { font-family: monospace; font-size: 11px; }
pre { background: #f2f2f2; padding: 4px 6px; margin: 3px 0; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: 3px 0; }
th, td { border: 1px solid #bbb; padding: 2px 4px; text-align: left; vertical-align: top; }
th { background: #eee; }
`;

/**
 * @param {string} page
 * @returns {string}
 */
export function pageAsHtml(page) {
  const parts = page.replace(/<!--[\s\S]*?-->\n*/g, '').split(/^(```[a-z]*\n[\s\S]*?^```)$/gm);
  const body = parts.map((part) => {
    const code = /^```[a-z]*\n([\s\S]*?)^```$/m.exec(part);
    if (code !== null) return `<pre>${escaped(code[1] ?? '')}</pre>`;
    return part
      .split(/\n{2,}/)
      .filter((text) => text.trim() !== '')
      .map((text) => partOf(text.trim()))
      .join('\n');
  });
  const title = /^# (.*)$/m.exec(page)?.[1] ?? '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>
${body.join('\n')}
</body></html>
`;
}
