// @ts-check
// What the scripts read in a page: its links and its blocks of code.

/** Fenced blocks and code within a line: what looks like a link in there is none. */
const CODE = /(^```[\s\S]*?^```\s*$|^~~~[\s\S]*?^~~~\s*$|`[^`\n]*`)/m;
const LINK = /(?<before>\]\(\s*<?)(?<inline>[^)\s>]+)|^(?<label>\[[^\]]+\]:\s+)(?<named>\S+)/gm;

/**
 * The page with each target of a link changed; code stays as it is.
 * @param {string} text
 * @param {(target: string) => string} change
 */
export function mapLinks(text, change) {
  return text
    .split(CODE)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replace(LINK, (_all, before, inline, label, named) =>
            before === undefined ? label + change(named) : before + change(inline),
          ),
    )
    .join('');
}

/**
 * The targets of all links of a page.
 * @param {string} text
 */
export function linksIn(text) {
  /** @type {string[]} */
  const targets = [];
  mapLinks(text, (target) => {
    targets.push(target);
    return target;
  });
  return targets;
}

/**
 * Whether a target names its place in full, as in `https:` or `mailto:`.
 * @param {string} target
 */
export const isAbsolute = (target) => /^[a-z][a-z0-9+.-]*:/i.test(target);

/**
 * The fenced blocks in one language, without the indentation of the list that they stand in.
 * @param {string} text
 * @param {string} language
 */
export function blocksIn(text, language) {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, 'gm');
  return [...text.matchAll(fence)].map(([, indent = '', block = '']) =>
    block.replace(new RegExp(`^${indent}`, 'gm'), ''),
  );
}
