// @ts-check
// What is counted in one file of TypeScript: its lines, functions, names and `any`.
import ts from 'typescript';

/**
 * @typedef {object} FileFacts
 * @property {number} lines
 * @property {number} codeLines lines with something on them that is not a comment
 * @property {number[]} functionLines the length of each function that has a name and a block
 * @property {string[]} declared every name the file declares
 * @property {string[]} exported those it exports where it declares them
 * @property {number} anys how often the type `any` is written
 */

/**
 * @param {string} name of the file, for its kind
 * @param {string} text
 * @returns {FileFacts}
 */
export function readFile(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const facts = { functionLines: [], declared: [], exported: [], anys: 0 };
  look(source, source, facts);
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return { lines, codeLines: linesWithCode(source), ...facts };
}

/**
 * @param {ts.Node} node
 * @param {ts.SourceFile} source
 * @param {Omit<FileFacts, 'lines' | 'codeLines'>} facts
 */
function look(node, source, facts) {
  if (node.kind === ts.SyntaxKind.AnyKeyword) facts.anys++;
  if (isNamedFunction(node)) facts.functionLines.push(linesOf(node, source));
  const names = declaredBy(node);
  facts.declared.push(...names);
  if (isExported(node)) facts.exported.push(...names);
  if (ts.isVariableStatement(node) && isExported(node)) {
    facts.exported.push(...node.declarationList.declarations.flatMap(declaredBy));
  }
  ts.forEachChild(node, (child) => look(child, source, facts));
}

/**
 * The names a declaration brings; a name taken from another module is not its own.
 * @param {ts.Node} node
 * @returns {string[]}
 */
function declaredBy(node) {
  if (ts.isImportDeclaration(node) || ts.isImportSpecifier(node)) return [];
  if (ts.isImportClause(node) || ts.isNamespaceImport(node) || ts.isExportSpecifier(node))
    return [];
  const name = /** @type {ts.NamedDeclaration} */ (node).name;
  if (name === undefined || !isDeclaration(node)) return [];
  return ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? [name.text.replace(/^#/, '')] : [];
}

/** @param {ts.Node} node */
function isDeclaration(node) {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isTypeParameterDeclaration(node) ||
    ts.isFunctionLike(node) ||
    ts.isClassLike(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node)
  );
}

/** @param {ts.Node} node */
function isExported(node) {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** @param {ts.Node} node */
function isNamedFunction(node) {
  if (ts.isConstructorDeclaration(node)) return node.body !== undefined;
  if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return false;
  if (!ts.isBlock(/** @type {ts.Node} */ (node.body))) return false;
  return node.name !== undefined || isNamedByItsPlace(node.parent);
}

/**
 * Whether what stands here has the name of what it is given to.
 * @param {ts.Node} parent
 */
function isNamedByItsPlace(parent) {
  return (
    ts.isVariableDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertyAssignment(parent)
  );
}

/**
 * From its first word to its last bracket; a comment before it does not count.
 * @param {ts.Node} node
 * @param {ts.SourceFile} source
 */
function linesOf(node, source) {
  const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
  return source.getLineAndCharacterOfPosition(node.end).line - from + 1;
}

/** @param {ts.SourceFile} source */
function linesWithCode(source) {
  const lines = new Set();
  /** @param {ts.Node} node */
  const mark = (node) => {
    if (ts.isJSDoc(node) || node.kind === ts.SyntaxKind.EndOfFileToken) return;
    const children = node.getChildren(source);
    if (children.length > 0) return children.forEach(mark);
    if (node.getWidth(source) === 0) return;
    const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const to = source.getLineAndCharacterOfPosition(node.end).line;
    for (let line = from; line <= to; line++) lines.add(line);
  };
  mark(source);
  return lines.size;
}
