import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Database, type Sql } from '../database/database.js';
import { NotThereException } from '../http/problems.js';
import type { Order, OrderRequest } from './orders.schemas.js';

/** Whose order it is. */
export interface Buyer {
  readonly userId: string;
  readonly email: string;
}

interface OrderRow {
  readonly id: string;
  readonly total_cents: number;
  readonly placed_at: Date;
  readonly confirmed_at: Date | null;
}

interface ItemRow {
  readonly product_id: number;
  readonly quantity: number;
  readonly price_cents: number;
}

/** The orders in the database, which alone says what was ordered and what is confirmed. */
@Injectable()
export class OrdersRepository {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** Names the database; the same for all processes that share it. */
  async databaseId(): Promise<string> {
    const [row] = await this.database.query<{ id: string }>('SELECT id FROM database_identity');
    return row?.id ?? '';
  }

  /** Places an order, unless there is one with this id. @throws NotThereException when there is no such product. */
  async place(id: string, { userId, email }: Buyer, { items }: OrderRequest): Promise<void> {
    await this.database.transaction(async (sql) => {
      const prices = await pricesOf(
        sql,
        items.map(({ productId }) => productId),
      );
      const lines = items.map((item) => ({ ...item, cents: prices.get(item.productId) ?? 0 }));
      const total = lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0);
      const placed = await sql.query(
        `INSERT INTO orders (id, user_id, email, total_cents) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING RETURNING 1`,
        [id, userId, email, total],
      );
      if (placed.length === 0) return;
      await sql.query(
        `INSERT INTO order_items (order_id, product_id, quantity, price_cents)
         SELECT $1::uuid, * FROM unnest($2::integer[], $3::integer[], $4::integer[])`,
        [
          id,
          lines.map(({ productId }) => productId),
          lines.map(({ quantity }) => quantity),
          lines.map(({ cents }) => cents),
        ],
      );
    });
  }

  /** An order of a user; `undefined` when he has no such order. */
  async find(id: string, userId: string): Promise<Order | undefined> {
    const [row] = await this.database.query<OrderRow>(
      `SELECT id, total_cents::float8 AS total_cents, placed_at, confirmed_at
       FROM orders WHERE id = $1 AND user_id = $2`,
      [id, userId],
    );
    if (row === undefined) return undefined;
    const items = await this.database.query<ItemRow>(
      'SELECT product_id, quantity, price_cents FROM order_items WHERE order_id = $1 ORDER BY product_id',
      [id],
    );
    return toOrder(row, items);
  }

  /**
   * Confirms an order: writes its mail, once, however often and in however many processes this is called. Returns
   * false when it was done before, or when there is no such order.
   */
  async confirm(id: string): Promise<boolean> {
    const written = await this.database.query(
      `WITH confirmed AS (
         UPDATE orders SET confirmed_at = now() WHERE id = $1 AND confirmed_at IS NULL
         RETURNING id, email, total_cents)
       INSERT INTO mails (order_id, recipient, subject)
       SELECT id, email, 'We have your order of ' || to_char(total_cents / 100.0, 'FM999999999990.00')
       FROM confirmed RETURNING 1`,
      [id],
    );
    return written.length > 0;
  }

  /** Orders that were placed some time ago and are not confirmed, the oldest first. */
  async unconfirmed(sinceMs: number, most: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM orders
       WHERE confirmed_at IS NULL AND placed_at < now() - $1 * interval '1 millisecond'
       ORDER BY placed_at LIMIT $2`,
      [sinceMs, most],
    );
    return rows.map(({ id }) => id);
  }
}

async function pricesOf(sql: Sql, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await sql.query<{ id: number; price_cents: number }>(
    'SELECT id, price_cents FROM products WHERE id = ANY($1::integer[])',
    [ids],
  );
  if (rows.length < ids.length) throw new NotThereException('product');
  return new Map(rows.map((row) => [row.id, row.price_cents]));
}

function toOrder(row: OrderRow, items: readonly ItemRow[]): Order {
  return {
    id: row.id,
    items: items.map((item) => ({
      productId: item.product_id,
      quantity: item.quantity,
      priceCents: item.price_cents,
    })),
    totalCents: row.total_cents,
    placedAt: row.placed_at.toISOString(),
    confirmedAt: row.confirmed_at?.toISOString() ?? null,
  };
}
