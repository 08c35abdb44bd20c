import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Database } from '../database/database.js';
import type { Product, ProductChange, ProductPage, ProductQuery } from './catalogue.schemas.js';

interface ProductRow {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly price_cents: number;
  readonly updated_at: Date;
}

const COLUMNS = 'id, name, category, description, price_cents, updated_at';

/** The products in the database. */
@Injectable()
export class ProductsRepository {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** One product; `undefined` when there is none. */
  async find(id: number): Promise<Product | undefined> {
    const [row] = await this.database.query<ProductRow>(
      `SELECT ${COLUMNS} FROM products WHERE id = $1`,
      [id],
    );
    return row === undefined ? undefined : toProduct(row);
  }

  /** The ids after this one, in their order, at most so many. */
  async idsAfter(id: number, count: number): Promise<number[]> {
    const rows = await this.database.query<{ id: number }>(
      'SELECT id FROM products WHERE id > $1 ORDER BY id LIMIT $2',
      [id, count],
    );
    return rows.map((row) => row.id);
  }

  /** A page of products in the order of their ids. */
  async page({ category, page, pageSize }: ProductQuery): Promise<ProductPage> {
    const filter = [category ?? null];
    const [count] = await this.database.query<{ total: number }>(
      'SELECT count(*)::integer AS total FROM products WHERE $1::text IS NULL OR category = $1',
      filter,
    );
    const rows = await this.database.query<ProductRow>(
      `SELECT ${COLUMNS} FROM products WHERE $1::text IS NULL OR category = $1
       ORDER BY id LIMIT $2 OFFSET $3`,
      [...filter, pageSize, (page - 1) * pageSize],
    );
    return { items: rows.map(toProduct), page, pageSize, total: count?.total ?? 0 };
  }

  /** Changes the given fields only; `undefined` when there is no such product. */
  async change(
    id: number,
    { name, description, priceCents }: ProductChange,
  ): Promise<Product | undefined> {
    const [row] = await this.database.query<ProductRow>(
      `UPDATE products SET
         name = coalesce($2::text, name),
         description = coalesce($3::text, description),
         price_cents = coalesce($4::integer, price_cents),
         updated_at = now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name ?? null, description ?? null, priceCents ?? null],
    );
    return row === undefined ? undefined : toProduct(row);
  }
}

function toProduct(row: ProductRow): Product {
  const { id, name, category, description, price_cents: priceCents, updated_at } = row;
  return { id, name, category, description, priceCents, updatedAt: updated_at.toISOString() };
}
