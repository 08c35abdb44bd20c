// @ts-check
// A page of the documents as HTML for one sheet of A4: node scripts/print-page.mjs docs/operations/quick-reference.md
// Open what it writes in a browser, and print. Links are shown as their words: nobody can click on paper.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pageAsHtml } from './docs/page-as-html.mjs';
import { at } from './lib/paths.mjs';

const [page, given] = process.argv.slice(2);
if (page === undefined) {
  console.error(
    'usage: node scripts/print-page.mjs docs/operations/quick-reference.md [file.html]',
  );
  process.exit(64);
}
const file = given ?? at('.tmp', 'print', `${basename(page, '.md')}.html`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, pageAsHtml(readFileSync(page, 'utf8')));
console.log(file);
