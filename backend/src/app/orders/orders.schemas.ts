import { z } from 'zod';
import { isoTime } from '../http/schema-parts.js';

const MAX_ITEMS = 50;
const MAX_QUANTITY = 1000;

/** The parameter that names an order. */
export const OrderIdSchema = z.strictObject({
  id: z
    .uuid()
    .toLowerCase()
    .meta({
      description: 'Made by the client, so that asking again orders nothing twice',
      examples: ['3f2f7c1e-6a5d-4d0a-9f6e-1c2b3a4d5e6f'],
    }),
});

/** What is ordered. */
export const OrderRequestSchema = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          productId: z.int().min(1).max(999_999_999),
          quantity: z.int().min(1).max(MAX_QUANTITY),
        }),
      )
      .min(1)
      .max(MAX_ITEMS)
      .refine((items) => new Set(items.map(({ productId }) => productId)).size === items.length, {
        message: 'must name each product once',
      }),
  })
  .meta({ examples: [{ items: [{ productId: 7, quantity: 2 }] }] });

/** An order. */
export const OrderSchema = z.strictObject({
  id: z.string(),
  items: z.array(z.strictObject({ productId: z.int(), quantity: z.int(), priceCents: z.int() })),
  totalCents: z.int(),
  placedAt: isoTime(),
  confirmedAt: isoTime().nullable().meta({ description: 'Null until it is confirmed' }),
});

export type OrderRequest = z.infer<typeof OrderRequestSchema>;
export type Order = z.infer<typeof OrderSchema>;
