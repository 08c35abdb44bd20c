import { hashPassword } from '../auth/passwords.js';
import { CATEGORIES } from '../catalogue/categories.js';
import type { Sql } from './database.js';

/** The password of every demonstration user. Anybody may know it. */
const DEMO_PASSWORD = 'demo-password';

const USERS = 200;
const PRODUCTS = 1000;
const BEGINNING = '2025-01-01T00:00:00Z';
const SALT = Buffer.from('the salt of all demo users');

const KINDS = ['Compact', 'Classic', 'Travel', 'Studio', 'Garden', 'Winter', 'Family', 'Slim'];

/** Inserts users and products, the same in every database. Returns false when they were there already. */
export async function seed(sql: Sql): Promise<boolean> {
  const [found] = await sql.query<{ done: boolean }>(
    'SELECT (SELECT count(*) FROM users) >= $1 AND (SELECT count(*) FROM products) >= $2 AS done',
    [USERS, PRODUCTS],
  );
  if (found?.done === true) return false;
  await seedUsers(sql);
  await seedProducts(sql);
  return true;
}

// One hash for all: two hundred hashes would take longer than the rest of the start.
async function seedUsers(sql: Sql): Promise<void> {
  const hash = await hashPassword(DEMO_PASSWORD, SALT);
  await sql.query(
    `INSERT INTO users (id, email, name, password_hash, created_at)
     SELECT 'user-' || n, 'user' || n || '@example.com', 'User ' || n, $1, $2::timestamptz
     FROM generate_series(1, $3::integer) AS n
     ON CONFLICT DO NOTHING`,
    [hash, BEGINNING, USERS],
  );
}

async function seedProducts(sql: Sql): Promise<void> {
  const products = Array.from({ length: PRODUCTS }, (_, index) => productOf(index + 1));
  await sql.query(
    `INSERT INTO products (id, name, category, description, price_cents, updated_at)
     SELECT id, name, category, description, price_cents, $6::timestamptz
     FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::integer[])
       AS row(id, name, category, description, price_cents)
     ON CONFLICT DO NOTHING`,
    [
      products.map(({ id }) => id),
      products.map(({ name }) => name),
      products.map(({ category }) => category),
      products.map(({ description }) => description),
      products.map(({ priceCents }) => priceCents),
      BEGINNING,
    ],
  );
}

function productOf(id: number): {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly priceCents: number;
} {
  const category = CATEGORIES[id % CATEGORIES.length] ?? CATEGORIES[0];
  const kind = KINDS[(id * 7) % KINDS.length] ?? '';
  return {
    id,
    name: `${kind} ${category} ${id}`,
    category,
    description: `Number ${id} of the demonstration catalogue: ${kind.toLowerCase()}, from ${category}.`,
    priceCents: 199 + ((id * 7919) % 20_000),
  };
}
