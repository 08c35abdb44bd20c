import { z } from 'zod';
import { isoTime, numberInUrl, textLine } from '../http/schema-parts.js';
import { CATEGORIES } from './categories.js';

const MAX_CENTS = 100_000_000;

/** A product. */
export const ProductSchema = z.strictObject({
  id: z.int(),
  name: z.string(),
  category: z.string(),
  description: z.string(),
  priceCents: z.int(),
  updatedAt: isoTime(),
});

/** A page of products. */
export const ProductPageSchema = z.strictObject({
  items: z.array(ProductSchema),
  page: z.int(),
  pageSize: z.int(),
  total: z.int(),
});

/** Which page of which products. */
export const ProductQuerySchema = z.strictObject({
  category: z.enum(CATEGORIES).optional(),
  page: numberInUrl(1, 10_000).default(1),
  pageSize: numberInUrl(1, 100).default(20),
});

/** The parameter that names a product. */
export const ProductIdSchema = z.strictObject({ id: numberInUrl(1, 999_999_999) });

/** What may be changed of a product; at least one of them. */
export const ProductChangeSchema = z
  .strictObject({
    name: textLine(1, 200).optional(),
    description: textLine(0, 2000).optional(),
    priceCents: z.int().min(0).max(MAX_CENTS).optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    message: 'must have at least one of name, description, priceCents',
  })
  .meta({ examples: [{ priceCents: 1999 }] });

/** The products that a user viewed last. */
export const RecentSchema = z.strictObject({
  items: z.array(z.int()).meta({ description: 'Ids of products, the last one first' }),
  isAvailable: z.boolean().meta({ description: 'False while nobody can tell' }),
});

export type Product = z.infer<typeof ProductSchema>;
export type ProductPage = z.infer<typeof ProductPageSchema>;
export type ProductQuery = z.infer<typeof ProductQuerySchema>;
export type ProductChange = z.infer<typeof ProductChangeSchema>;
export type Recent = z.infer<typeof RecentSchema>;
