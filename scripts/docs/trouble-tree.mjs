// @ts-check
// The decision tree of docs/operations/troubleshooting.md: what is seen, and the section that says what to do. The picture
// and the list below it are drawn from here by `npm run draw:trouble`, and compared by `npm run docs:check`.

/**
 * @typedef {object} Branch
 * @property {string} sees
 * @property {string} [section] of the page, where it leads
 * @property {string} [first] what comes before that
 * @property {readonly Branch[]} [then] what is looked at next
 */

const AGAIN = 'wait 10 s, run it again';

/** @type {Branch} */
export const TREE = {
  sees: 'Which line of the script is the first that is not ok?',
  then: [
    { sees: 'no Sentinel answers', section: 'Sentinels' },
    { sees: 'a Sentinel says “no quorum”', section: 'Quorum lost' },
    { sees: '“in TILT”, WARN sight', section: 'Sentinels' },
    {
      sees: 'two primaries',
      then: [
        { sees: '“the Sentinels disagree”', first: AGAIN, section: 'Split brain' },
        { sees: '“says it is a primary as well”', first: AGAIN, section: 'Split brain' },
      ],
    },
    {
      sees: 'FAIL primary',
      then: [
        { sees: '“cannot be connected to”, “no answer”', section: 'No primary' },
        { sees: '“says it is a replica”', first: AGAIN, section: 'Split brain' },
      ],
    },
    {
      sees: 'FAIL SET',
      then: [
        { sees: 'NOREPLICAS', section: 'NOREPLICAS' },
        { sees: 'OOM', section: 'Memory' },
        { sees: 'READONLY', first: AGAIN, section: 'Split brain' },
      ],
    },
    { sees: 'WARN replica, WARN lag', section: 'Lag' },
    { sees: 'WARN PING, SET, GET: too slow', section: 'Everything is slow' },
    { sees: '“password”, “a right is missing”', section: 'Let in' },
    {
      sees: 'none: all are ok',
      then: [
        { sees: 'the application does not start', section: 'It does not start' },
        { sees: 'it complains', section: 'The application' },
      ],
    },
  ],
};

const ROW = 46;
const BOX = 32;
const WIDTH = 1080;
/** Where the columns begin, and how wide their boxes are. */
const COLUMNS = /** @type {const} */ ([
  [10, 168],
  [214, 250],
  [500, 310],
  [882, 188],
]);
const LEAF = 3;

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
/** @param {string} section */
export const anchorOf = (section) => `#${section.toLowerCase().replace(/ /g, '-')}`;

/**
 * @param {number} column
 * @param {number} y its middle
 * @param {readonly string[]} lines
 */
function box(column, y, lines) {
  const [x, width] = COLUMNS[column] ?? COLUMNS[0];
  const height = BOX + (lines.length - 1) * 18;
  const top = y - height / 2;
  const look = column === LEAF ? 'class="leaf"' : 'class="seen"';
  const texts = lines.map(
    (line, at) =>
      `<text x="${x + width / 2}" y="${top + 21 + at * 18}" text-anchor="middle">${escaped(line)}</text>`,
  );
  return [
    `<rect ${look} x="${x}" y="${top}" width="${width}" height="${height}" rx="6"/>`,
    ...texts,
  ];
}

/**
 * @param {readonly [column: number, y: number]} from
 * @param {readonly [column: number, y: number]} to
 * @param {string} [words]
 */
function way([fromColumn, fromY], [toColumn, toY], words) {
  const [x, width] = COLUMNS[fromColumn] ?? COLUMNS[0];
  const [end] = COLUMNS[toColumn] ?? COLUMNS[0];
  const start = x + width;
  const bend = end - 22;
  const line = `<path d="M${start} ${fromY} H${toY === fromY ? end : start + 20} V${toY} H${end}"/>`;
  if (words === undefined) return [line];
  return [
    line,
    `<text class="aside" x="${bend + 16}" y="${toY - 5}" text-anchor="end">${escaped(words)}</text>`,
  ];
}

/** @param {Branch} branch @returns {number} */
const leavesOf = ({ then }) =>
  then === undefined ? 1 : then.reduce((sum, one) => sum + leavesOf(one), 0);

/** The picture. */
export function treeAsSvg() {
  const branches = TREE.then ?? [];
  const height = leavesOf(TREE) * ROW + 20;
  const rootY = height / 2;
  /** @type {string[]} */
  const parts = box(0, rootY, ['Run the script.', 'Its first line', 'that is not ok?']);
  let row = 0;
  const yOf = (/** @type {number} */ from, /** @type {number} */ count) =>
    10 + (from + count / 2) * ROW;
  for (const branch of branches) {
    const y = yOf(row, leavesOf(branch));
    parts.push(...way([0, rootY], [1, y]), ...box(1, y, [branch.sees]));
    for (const leaf of branch.then ?? [branch]) {
      const leafY = yOf(row, 1);
      const column = leaf === branch ? 1 : 2;
      if (leaf !== branch) parts.push(...way([1, y], [2, leafY]), ...box(2, leafY, [leaf.sees]));
      const words = leaf.first === undefined ? undefined : '10 s';
      parts.push(
        ...way([column, leafY], [LEAF, leafY], words),
        ...box(LEAF, leafY, [leaf.section ?? '']),
      );
      row += 1;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(TREE.sees)} From each line a way leads to a section of this page.</title>
<style>
text { font: 14px sans-serif; fill: #1f2328; }
.aside { font-size: 12px; fill: #59636e; }
rect { stroke-width: 1.5; }
.seen { fill: #ffffff; stroke: #59636e; }
.leaf { fill: #ddf4ff; stroke: #0969da; }
path { fill: none; stroke: #59636e; stroke-width: 1.5; }
</style>
<rect x="0" y="0" width="${WIDTH}" height="${height}" fill="#ffffff" stroke="none"/>
${parts.join('\n')}
</svg>
`;
}

/** @param {Branch} leaf */
function leafWords({ first, section = '' }) {
  const link = `[${section}](${anchorOf(section)})`;
  return first === undefined ? link : `${first}; then ${link}`;
}

/** The same in words. */
export function treeAsList() {
  return (TREE.then ?? [])
    .flatMap((branch) =>
      branch.then === undefined
        ? [`- ${branch.sees}: ${leafWords(branch)}`]
        : [
            `- ${branch.sees}:`,
            ...branch.then.map((leaf) => `  - ${leaf.sees}: ${leafWords(leaf)}`),
          ],
    )
    .join('\n');
}

export const TREE_PAGE = 'docs/operations/troubleshooting.md';
export const TREE_PICTURE = 'docs/operations/troubleshooting.svg';
const MARKS = /** @type {const} */ (['<!-- tree -->', '<!-- end of tree -->']);

/**
 * The page with the list as it is drawn now.
 * @param {string} page
 */
export function withTree(page) {
  const [begin, end] = MARKS;
  const [before = '', rest = ''] = page.split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n\n${treeAsList()}\n\n${end}${after}`;
}
