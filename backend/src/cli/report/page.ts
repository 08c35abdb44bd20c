import { escape } from './escape.js';
import { STYLE } from './page-style.js';

/** What a page of a drill begins with. */
export interface PageHead {
  /** Which drill it was. */
  readonly title: string;
  readonly passed: boolean;
  /** Calendar time as ISO. */
  readonly date: string;
  /** What was done. */
  readonly what: string;
}

/** The page of a drill: one file that needs nothing else. */
export function drillPage(
  { title, passed, date, what }: PageHead,
  parts: readonly string[],
): string {
  const [className, verdict] = passed ? ['good', 'every bound holds'] : ['bad', 'not passed'];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Drill: ${escape(title)}</title><style>${STYLE}</style></head><body><main>
<h1>Drill: ${escape(title)}<span class="badge ${className}">${verdict}</span></h1>
<p class="soft">${escape(what)} · <span class="whole">${escape(date.slice(0, 16).replace('T', ' '))} UTC</span></p>
${parts.join('\n')}
</main></body></html>
`;
}

/** Something that kept a drill from saying all. */
export function warning(text: string): string {
  return `<p class="warn bad">${escape(text)}</p>`;
}

/** A figure that everybody looks for, with its name and what it is compared with. */
export function tile(name: string, figure: string, besides = ''): string {
  return `<div class="tile"><span>${escape(name)}</span><b>${escape(figure).replaceAll(':', '<wbr>:')}</b><span>${escape(besides)}</span></div>`;
}
