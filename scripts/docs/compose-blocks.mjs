// @ts-check
// Blocks that the run of Compose does (`npm run test:compose`): the check that they name must be there, and what they type
// must be what that run types.

const QUOTED = /'((?:[^'\\\n]|\\.)*)'|`([^`]*)`/g;

/**
 * Whether a check of that title is in a source; `…` stands for anything.
 * @param {string} title
 * @param {string} source
 */
function hasCheck(title, source) {
  const parts = title.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const wanted = new RegExp(`^${parts.join('.*')}$`);
  return [...source.matchAll(QUOTED)].some(([, plain = '', template = '']) =>
    wanted.test(plain || template),
  );
}

/**
 * What a block types that can be told from what another one types: scripts of ours, and words of Docker Compose.
 * @param {string} code
 */
function wordsOf(code) {
  const scripts = [...code.matchAll(/deploy\/redis\/([\w-]+\.sh)((?: [a-z][\w-]*)*)/g)];
  const composed = [...code.matchAll(/docker compose (.*)/g)].map(([, rest = '']) =>
    rest.replace(/--env-file \S+|-f \S+/g, ''),
  );
  return [
    ...scripts.flatMap(([, script = '', words = '']) => [script, ...words.trim().split(' ')]),
    ...composed.flatMap(
      (rest) => rest.match(/(?<=^|\s)(?:--[a-z][\w-]*|up|down|stop|exec|ps)\b/g) ?? [],
    ),
    ...[...code.matchAll(/\/opt\/redis-ha\/[\w-]+\.sh/g)].map(([script]) => script),
  ].filter((word) => word !== '' && word !== 'ps');
}

/**
 * @param {import('./page-steps.mjs').Step} step
 * @param {readonly string[]} sources the texts of backend/test/compose
 * @returns {string[]}
 */
export function problemsOfCompose({ page, at, said, code }, sources) {
  const where = `${page}:${at}`;
  if (!sources.some((source) => hasCheck(said, source))) {
    return [`${where}: the run of Compose has no check "${said}"`];
  }
  const all = sources.join('\n');
  return [...new Set(wordsOf(code))]
    .filter((word) => !all.includes(`'${word}'`) && !all.includes(`.${word}(`))
    .map((word) => `${where}: the run of Compose does not type ${word}`);
}
