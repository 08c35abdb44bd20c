// @ts-check
// `npm run draw:trouble`: draws the decision tree of docs/operations/troubleshooting.md from scripts/docs/trouble-tree.mjs.
import { readFileSync, writeFileSync } from 'node:fs';
import { treeAsSvg, TREE_PAGE, TREE_PICTURE, withTree } from './docs/trouble-tree.mjs';
import { at } from './lib/paths.mjs';

writeFileSync(at(TREE_PICTURE), treeAsSvg());
writeFileSync(at(TREE_PAGE), withTree(readFileSync(at(TREE_PAGE), 'utf8')));
console.log(`${TREE_PICTURE}\n${TREE_PAGE}`);
