import { converted, rule, type Findings } from '../base/options/index.js';

/** The names of clients, each of which is there once. */
export const namespaces = converted(
  rule<readonly string[]>(
    'a list of names, at least one',
    (value) => Array.isArray(value) && value.length > 0,
    { remedy: "Leave it out for one client named 'default', or write ['jobs', 'limits']" },
  ),
  readNames,
);

/**
 * `@liaoliaots/nestjs-redis` itself replaces the first of two clients of one name, which nobody can
 * close after that.
 */
function readNames(given: readonly unknown[], path: string, findings: Findings): readonly string[] {
  for (const [position, value] of given.entries()) {
    const field = `${path}[${position}]`;
    const remedy = "Write a name such as 'jobs'";
    if (typeof value !== 'string') {
      findings.refuse(field, value, 'a namespace is a string', remedy);
    } else if (value.trim() === '') {
      findings.refuse(field, value, 'a namespace must not be empty', remedy);
    } else if (given.indexOf(value) < position) {
      const once = 'Name each client once; inject the same one where several need it';
      findings.refuse(field, value, 'this namespace is there twice', once);
    }
  }
  return given as readonly string[];
}
