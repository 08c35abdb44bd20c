/** One step of the schema. A step that was released is never changed: add another. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** All steps, in their order. */
export const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    name: 'users',
    statements: [
      `CREATE TABLE users (
         id text PRIMARY KEY,
         email text NOT NULL UNIQUE CHECK (email = lower(email)),
         name text NOT NULL,
         password_hash text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT now())`,
    ],
  },
  {
    id: 2,
    name: 'products',
    statements: [
      `CREATE TABLE products (
         id integer PRIMARY KEY,
         name text NOT NULL,
         category text NOT NULL,
         description text NOT NULL,
         price_cents integer NOT NULL CHECK (price_cents >= 0),
         updated_at timestamptz NOT NULL DEFAULT now())`,
      'CREATE INDEX products_by_category ON products (category, id)',
    ],
  },
  {
    id: 3,
    name: 'sessions',
    statements: [
      // Revisions are compared as text, byte by byte, whatever the language of the database.
      `CREATE TABLE sessions (
         id text PRIMARY KEY,
         user_id text NOT NULL,
         ends_at bigint NOT NULL,
         revision text COLLATE "C" NOT NULL,
         record jsonb NOT NULL)`,
      'CREATE INDEX sessions_by_user ON sessions (user_id)',
      'CREATE INDEX sessions_by_end ON sessions (ends_at)',
    ],
  },
  {
    id: 4,
    name: 'orders',
    statements: [
      `CREATE TABLE orders (
         id uuid PRIMARY KEY,
         user_id text NOT NULL,
         email text NOT NULL,
         total_cents bigint NOT NULL,
         placed_at timestamptz NOT NULL DEFAULT now(),
         confirmed_at timestamptz)`,
      'CREATE INDEX orders_to_confirm ON orders (placed_at) WHERE confirmed_at IS NULL',
      `CREATE TABLE order_items (
         order_id uuid NOT NULL REFERENCES orders,
         product_id integer NOT NULL REFERENCES products,
         quantity integer NOT NULL CHECK (quantity > 0),
         price_cents integer NOT NULL,
         PRIMARY KEY (order_id, product_id))`,
      // What somebody who sends mails would read. The key sees to it that there is one for each order.
      `CREATE TABLE mails (
         order_id uuid PRIMARY KEY REFERENCES orders,
         recipient text NOT NULL,
         subject text NOT NULL,
         written_at timestamptz NOT NULL DEFAULT now())`,
      // Processes that share the database share its queue, and no others do.
      'CREATE TABLE database_identity (id uuid NOT NULL DEFAULT gen_random_uuid())',
      'INSERT INTO database_identity DEFAULT VALUES',
    ],
  },
];
