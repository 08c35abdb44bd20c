import { z } from 'zod';

/** A time, as text. */
export function isoTime(): z.ZodISODateTime {
  return z.iso.datetime();
}

/** A whole number in the path or the query, where everything is text. */
export function numberInUrl(least: number, most: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number in digits')
    .transform(Number)
    .pipe(z.int().min(least).max(most));
}

/** One line of text for people: no control characters, which a database may refuse. */
export function textLine(least: number, most: number): z.ZodString {
  return z
    .string()
    .min(least)
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');
}
