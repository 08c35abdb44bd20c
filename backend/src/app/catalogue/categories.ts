/** The categories of the demonstration catalogue. */
export const CATEGORIES = [
  'books',
  'music',
  'garden',
  'kitchen',
  'toys',
  'sports',
  'tools',
  'office',
  'travel',
  'clothes',
] as const;

/** One of them. */
export type Category = (typeof CATEGORIES)[number];
