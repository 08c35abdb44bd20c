import type { z } from 'zod';
import {
  CurrentSessionSchema,
  LoggedInSchema,
  LoginSchema,
  SessionIdSchema,
  SessionListSchema,
} from '../auth/auth.schemas.js';
import {
  ProductChangeSchema,
  ProductIdSchema,
  ProductPageSchema,
  ProductQuerySchema,
  ProductSchema,
  RecentSchema,
} from '../catalogue/catalogue.schemas.js';
import { CounterNameSchema, CounterSchema } from '../counters/counters.schemas.js';
import { OrderIdSchema, OrderRequestSchema, OrderSchema } from '../orders/orders.schemas.js';

/** One thing the API can do, by the schemas that also check it. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As in OpenAPI: `/api/products/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly isGuarded: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The schema of a successful response; `null` when it has no body. */
  readonly answer: z.ZodType | null;
  /** Error statuses, besides 401 and 503 of guarded routes, 400 of routes with input, 429 and 500. */
  readonly errors?: readonly number[];
}

/** All of them, in the order in which they are shown. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/auth/login',
    id: 'login',
    tag: 'Sessions',
    summary:
      'Begin a session. The demonstration users are user1@example.com to user200@example.com',
    isGuarded: false,
    body: LoginSchema,
    answer: LoggedInSchema,
    errors: [401, 503],
  },
  {
    method: 'get',
    path: '/api/auth/session',
    id: 'currentSession',
    tag: 'Sessions',
    summary: 'Who the request comes from',
    isGuarded: true,
    answer: CurrentSessionSchema,
  },
  {
    method: 'post',
    path: '/api/auth/logout',
    id: 'logout',
    tag: 'Sessions',
    summary: 'End the session of the request',
    isGuarded: true,
    answer: null,
  },
  {
    method: 'get',
    path: '/api/auth/sessions',
    id: 'listSessions',
    tag: 'Sessions',
    summary: 'All sessions of the user',
    isGuarded: true,
    answer: SessionListSchema,
  },
  {
    method: 'delete',
    path: '/api/auth/sessions/{id}',
    id: 'endSession',
    tag: 'Sessions',
    summary: 'End one session of the user',
    isGuarded: true,
    params: SessionIdSchema,
    answer: null,
    errors: [404],
  },
  {
    method: 'delete',
    path: '/api/auth/sessions',
    id: 'endOtherSessions',
    tag: 'Sessions',
    summary: 'End all other sessions of the user',
    isGuarded: true,
    answer: null,
  },
  {
    method: 'get',
    path: '/api/products',
    id: 'listProducts',
    tag: 'Catalogue',
    summary: 'A page of products, from the cache',
    isGuarded: false,
    query: ProductQuerySchema,
    answer: ProductPageSchema,
    errors: [503],
  },
  {
    method: 'get',
    path: '/api/products/{id}',
    id: 'findProduct',
    tag: 'Catalogue',
    summary: 'One product, from the cache',
    isGuarded: false,
    params: ProductIdSchema,
    answer: ProductSchema,
    errors: [404, 503],
  },
  {
    method: 'put',
    path: '/api/products/{id}',
    id: 'changeProduct',
    tag: 'Catalogue',
    summary: 'Change a product, and forget what is cached of it',
    isGuarded: true,
    params: ProductIdSchema,
    body: ProductChangeSchema,
    answer: ProductSchema,
    errors: [404],
  },
  {
    method: 'get',
    path: '/api/recently-viewed',
    id: 'recentlyViewed',
    tag: 'Catalogue',
    summary: 'The products that the user looked at last',
    isGuarded: true,
    answer: RecentSchema,
  },
  {
    method: 'put',
    path: '/api/orders/{id}',
    id: 'placeOrder',
    tag: 'Orders',
    summary: 'Place an order; asking again with the same id places nothing',
    isGuarded: true,
    params: OrderIdSchema,
    body: OrderRequestSchema,
    answer: OrderSchema,
    errors: [404, 409],
  },
  {
    method: 'get',
    path: '/api/orders/{id}',
    id: 'findOrder',
    tag: 'Orders',
    summary: 'An order of the user, and whether it is confirmed',
    isGuarded: true,
    params: OrderIdSchema,
    answer: OrderSchema,
    errors: [404],
  },
  {
    method: 'post',
    path: '/api/counters/{name}',
    id: 'increment',
    tag: 'Counters',
    summary: 'Add one to a counter, which is kept for a day from then on',
    isGuarded: false,
    params: CounterNameSchema,
    answer: CounterSchema,
    errors: [409, 503],
  },
  {
    method: 'get',
    path: '/api/counters/{name}',
    id: 'readCounter',
    tag: 'Counters',
    summary: 'Read a counter',
    isGuarded: false,
    params: CounterNameSchema,
    answer: CounterSchema,
    errors: [409, 503],
  },
];
