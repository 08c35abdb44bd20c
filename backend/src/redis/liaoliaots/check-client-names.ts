import { ConfigInvalidError, type Problem } from '../base/errors/index.js';

const FIELD = 'namespaces';

/**
 * Returns the namespaces if they can be used. A name must not be there twice: `@liaoliaots/nestjs-redis`
 * itself would replace the first client by the second, and then the first could not be closed.
 *
 * @throws ConfigInvalidError that names every namespace that cannot be used.
 */
export function checkClientNames(namespaces: readonly string[]): readonly string[] {
  const problems = problemsOf(namespaces);
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return namespaces;
}

function problemsOf(namespaces: unknown): Problem[] {
  if (!Array.isArray(namespaces) || namespaces.length === 0) {
    return [
      {
        field: FIELD,
        value: namespaces,
        message: 'there must be at least one namespace, in a list',
        remedy: "Leave it out for one client named 'default', or write ['jobs', 'limits']",
      },
    ];
  }
  const seen = new Set<unknown>();
  return namespaces.flatMap((value: unknown, position) => {
    const problem = problemOf(value, seen);
    seen.add(value);
    return problem === null ? [] : [{ field: `${FIELD}[${position}]`, value, ...problem }];
  });
}

function problemOf(
  value: unknown,
  seen: ReadonlySet<unknown>,
): Pick<Problem, 'message' | 'remedy'> | null {
  if (typeof value !== 'string') {
    return { message: 'a namespace is a string', remedy: "Write a name such as 'jobs'" };
  }
  if (value.trim() === '') {
    return { message: 'a namespace must not be empty', remedy: "Write a name such as 'jobs'" };
  }
  if (seen.has(value)) {
    return {
      message: 'this namespace is there twice',
      remedy: 'Name each client once; inject the same one where several need it',
    };
  }
  return null;
}
