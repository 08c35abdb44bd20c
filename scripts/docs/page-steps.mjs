// @ts-check
// What is typed on a page of operations: its blocks of shell in their order, and what comments above them say. Readers do
// not see these; CONTRIBUTING.md ("a command in a page") has them all.

/**
 * @typedef {object} Shown what a page says that a block prints
 * @property {string} text
 * @property {number} at the line of the page
 * @property {readonly string[]} but names of what may differ: scripts/docs/printed.mjs
 */

/**
 * @typedef {object} Step
 * @property {string} page its path
 * @property {'run' | 'scene' | 'compose' | 'not run'} kind
 * @property {string} code
 * @property {number} at the line of the page
 * @property {string} section the heading above it
 * @property {string} around all that stands below that heading
 * @property {string} said why it is not run, or the check of the Compose run that does it
 * @property {number} endsWith the code with which its commands may end, besides 0
 * @property {Shown | undefined} shown
 */

/** A comment, or a fenced block. */
const TOKEN =
  /<!-- *(?<comment>[\s\S]*?)-->|^(?<indent> *)```(?<language>[a-z]*)\n(?<code>[\s\S]*?)^\k<indent>```/dgm;
const HEADING = /^#{2,}\s+(.+?)\s*$/gm;
const WORDS =
  /^(?:(?<scene>scene)\n|(?<run>run) *$|not run: (?<reason>[\s\S]+)|Compose run: (?<check>[\s\S]+)|ends with (?<code>\d+) *$|prints, but for (?<but>[\s\S]+))/;

/**
 * @typedef {object} Token
 * @property {number} from
 * @property {number} to
 * @property {number} at its line
 * @property {string | undefined} comment
 * @property {string} language
 * @property {string} code
 */

/**
 * @param {string} page its text
 * @returns {Token[]}
 */
function tokensOf(page) {
  return [...page.matchAll(TOKEN)].map(({ 0: all, index, groups = {}, indices }) => {
    const { comment, indent = '', language = '', code = '' } = groups;
    const begins = indices?.groups?.['code']?.[0] ?? index;
    return {
      from: index,
      to: index + all.length,
      at: page.slice(0, begins).split('\n').length,
      comment: comment?.trimEnd(),
      language,
      code: code.replace(new RegExp(`^${indent}`, 'gm'), ''),
    };
  });
}

/**
 * The heading above a place, and the text from there to the next heading.
 * @param {string} page
 * @param {number} index
 */
function sectionAt(page, index) {
  const above = [...page.slice(0, index).matchAll(HEADING)].at(-1);
  const next = [...page.slice(index).matchAll(HEADING)][0]?.index ?? page.length;
  return { section: above?.[1] ?? '', around: page.slice(above?.index ?? 0, index + next) };
}

/**
 * The comments right above a token, with nothing but space between them.
 * @param {string} page
 * @param {readonly Token[]} tokens
 * @param {number} index
 */
function commentsAbove(page, tokens, index) {
  /** @type {Record<string, string | undefined>[]} */
  const found = [];
  for (let i = index - 1; i >= 0; i--) {
    const [above, below] = [tokens[i], tokens[i + 1]];
    if (above?.comment === undefined || below === undefined) break;
    if (page.slice(above.to, below.from).trim() !== '') break;
    found.unshift(WORDS.exec(above.comment)?.groups ?? {});
  }
  return found;
}

/**
 * What stands right below a block as its output.
 * @param {string} page
 * @param {readonly Token[]} tokens
 * @param {number} index
 * @returns {Shown | undefined}
 */
function shownBelow(page, tokens, index) {
  /** @type {readonly string[]} */
  let but = [];
  for (let i = index + 1; i < tokens.length; i++) {
    const [above, below] = [tokens[i - 1], tokens[i]];
    if (above === undefined || below === undefined) return undefined;
    if (page.slice(above.to, below.from).trim() !== '') return undefined;
    if (below.comment === undefined) {
      return below.language === 'text' ? { text: below.code, at: below.at, but } : undefined;
    }
    const names = WORDS.exec(below.comment)?.groups?.['but'];
    if (names === undefined) return undefined;
    but = names.split(/,\s*/).map((name) => name.trim());
  }
  return undefined;
}

/**
 * @param {string} language
 * @param {readonly Record<string, string | undefined>[]} said
 * @returns {Pick<Step, 'kind' | 'said'> | undefined}
 */
function kindOf(language, said) {
  /** @param {string} name */
  const word = (name) => said.map((one) => one[name]).find((one) => one !== undefined);
  const one = (/** @type {string} */ text) => text.replace(/\s+/g, ' ').trim();
  const [reason, check] = [word('reason'), word('check')];
  if (reason !== undefined) return { kind: 'not run', said: one(reason) };
  if (check !== undefined) return { kind: 'compose', said: one(check) };
  // `bash` is for processes on this machine, `sh` for where the cluster runs elsewhere.
  return language === 'bash' || word('run') !== undefined ? { kind: 'run', said: '' } : undefined;
}

/** What is no block ends well, and shows nothing. */
const PLAIN = { said: '', endsWith: 0, shown: undefined };

/** A command within a line or a table, with an address of the practice cluster and nothing to be filled in. */
const INLINE = /`(?<code>(?:redis_at|sentinel_at) 127\.0\.0\.1:\d+ [^`…<]+)`/g;

/**
 * They are typed behind everything else: what they change is no part of the page's way.
 * @param {string} path
 * @param {string} page
 * @returns {Step[]}
 */
function inlineSteps(path, page) {
  const text = page.replace(/^( *)```[\s\S]*?^\1```/gm, (block) => block.replace(/[^\n]/g, ' '));
  return [...text.matchAll(INLINE)].map(({ index, groups = {} }) => ({
    page: path,
    kind: 'run',
    code: `${(groups['code'] ?? '').replaceAll('\\|', '|')}\n`,
    at: text.slice(0, index).split('\n').length,
    ...sectionAt(page, index),
    ...PLAIN,
  }));
}

/**
 * @param {string} path of the page
 * @param {string} page its text
 * @returns {{ steps: Step[], problems: string[] }}
 */
export function stepsOf(path, page) {
  const tokens = tokensOf(page);
  /** @type {Step[]} */
  const steps = [];
  /** @type {string[]} */
  const problems = [];
  tokens.forEach((token, index) => {
    const { at, comment, code, language } = token;
    const where = { page: path, at, ...sectionAt(page, token.from) };
    if (comment !== undefined) {
      if (WORDS.exec(comment)?.groups?.['scene'] === undefined) return;
      const lines = comment.slice(comment.indexOf('\n') + 1);
      steps.push({ ...where, kind: 'scene', code: `${lines}\n`, ...PLAIN });
      return;
    }
    if (language !== 'bash' && language !== 'sh') return;
    const said = commentsAbove(page, tokens, index);
    const kind = kindOf(language, said);
    if (kind === undefined) {
      problems.push(`${path}:${at}: no comment says how this is run, or why it is not`);
      return;
    }
    const endsWith = Number(said.map((one) => one['code']).find((one) => one !== undefined) ?? 0);
    const shown = shownBelow(page, tokens, index);
    steps.push({ ...where, ...kind, code, endsWith, shown });
  });
  return { steps: [...steps, ...inlineSteps(path, page)], problems };
}
