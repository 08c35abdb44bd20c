import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { InputRefusedException } from './problems.js';

/** Accepts what fits a schema, and names the fields of what does not. */
export class ZodPipe<S extends z.ZodType> implements PipeTransform<unknown, z.infer<S>> {
  constructor(private readonly schema: S) {}

  transform(value: unknown): z.infer<S> {
    const result = this.schema.safeParse(value);
    if (result.success) return result.data;
    throw new InputRefusedException(result.error.issues.flatMap(problemsOf));
  }
}

// Messages of zod name types, limits and choices. They never show the value, which may be a password.
function problemsOf(issue: z.core.$ZodIssue): { field: string; message: string }[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') {
    return [{ field: path.join('.') || '(all)', message: issue.message }];
  }
  return issue.keys.slice(0, 10).map((key) => ({
    field: [...path, key.slice(0, 64)].join('.'),
    message: 'is not known here',
  }));
}
