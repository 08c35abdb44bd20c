import { z } from 'zod';

/** The parameter that names a counter. */
export const CounterNameSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'has 1 to 64 letters, digits, underscores or hyphens, such as "visits"')
    .meta({ examples: ['visits'] }),
});

/** A counter and where it is kept. */
export const CounterSchema = z.strictObject({
  name: z.string(),
  value: z.int(),
  keptIn: z.enum(['redis', 'memory']),
});

/** A counter and where it is kept. */
export type Counter = Readonly<z.infer<typeof CounterSchema>>;
