// @ts-check
// What the tests in a file are called.
import ts from 'typescript';

const OPENERS = new Set(['describe', 'it', 'itNeeds', 'test']);

/**
 * The titles of a file: each by itself, and behind those of the groups around it.
 * @param {string} text the file
 * @returns {string[]}
 */
export function titlesIn(text) {
  const source = ts.createSourceFile('any.spec.ts', text, ts.ScriptTarget.Latest);
  /** @type {string[]} */
  const titles = [];
  /** @type {(node: ts.Node, around: readonly string[]) => void} */
  const visit = (node, around) => {
    const title = ts.isCallExpression(node) ? titleOf(node, source) : null;
    const path = title === null ? around : [...around, title];
    if (title !== null) path.forEach((_, from) => titles.push(path.slice(from).join(' ')));
    ts.forEachChild(node, (child) => visit(child, path));
  };
  visit(source, []);
  return titles;
}

/**
 * @param {ts.CallExpression} call
 * @param {ts.SourceFile} source
 */
function titleOf(call, source) {
  const [title] = call.arguments;
  if (title === undefined || !OPENERS.has(openerOf(call.expression))) return null;
  if (ts.isStringLiteralLike(title)) return title.text;
  return ts.isTemplateExpression(title) ? title.getText(source).slice(1, -1) : null;
}

/**
 * `it` of `it(…)`, of `it.each(…)(…)` and the like.
 * @param {ts.Expression} callee
 * @returns {string}
 */
function openerOf(callee) {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) {
    return openerOf(callee.expression);
  }
  return '';
}
