import { Inject, Injectable, Logger } from '@nestjs/common';
import { RedisCache, type CacheNamespace } from '../../redis/index.js';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import { DatabaseUnavailableError } from '../database/database.js';
import { NotThereException } from '../http/problems.js';
import type { Product, ProductChange, ProductPage, ProductQuery } from './catalogue.schemas.js';
import { CATEGORIES } from './categories.js';
import { ProductsRepository } from './products.repository.js';

const MINUTE_MS = 60_000;
const LIST_TTL_MS = 30_000;
/** What the database can spare for a cache that comes back empty. */
const WARM_UPS_PER_SECOND = 200;
const IDS_AT_ONCE = 500;

/** Products from the cache; what the cache does not have comes from the database. */
@Injectable()
export class CatalogueService {
  readonly #log = new Logger('Catalogue');
  readonly #cache: CacheNamespace;

  constructor(
    private readonly products: ProductsRepository,
    cache: RedisCache,
    @Inject(APP_CONFIG) { isWarmedUp, hotKeys }: AppConfig,
  ) {
    this.#cache = cache.namespace('products', {
      ttlMs: MINUTE_MS,
      ttlJitter: 0.2,
      negativeTtlMs: 5000,
      // A value of ten minutes ago is better than none while the database is away.
      maxStaleMs: 10 * MINUTE_MS,
      hardTimeoutMs: 3000,
      // A product that everybody wants is answered from memory; changes at other instances are told of.
      hotKeys,
    });
    if (isWarmedUp) this.#warmUp();
  }

  // Nothing waits for it: who asks for a product meanwhile gets it from the database, as without it.
  #warmUp(): void {
    this.#cache.warmUp<Product | undefined>({
      name: 'catalogue',
      keys: ({ after }) => this.#keysAfter(after),
      load: ({ key }) => this.products.find(idIn(key)),
      perSecond: WARM_UPS_PER_SECOND,
    });
  }

  async *#keysAfter(key: string | null): AsyncGenerator<string> {
    let ids = [key === null ? 0 : idIn(key)];
    do {
      ids = await this.products.idsAfter(ids.at(-1) ?? 0, IDS_AT_ONCE);
      yield* ids.map((id) => productKey(id));
    } while (ids.length > 0);
  }

  /** Returns one product. @throws NotThereException when there is none; that is cached too. */
  async find(id: number): Promise<Product> {
    const product = await this.#cache.getOrSet<Product | undefined>(productKey(id), () =>
      this.products.find(id),
    );
    if (product === undefined) throw new NotThereException('product');
    return product;
  }

  /** Returns a page of products. Pages beyond the last one are not cached: there is no end to them. */
  async page(query: ProductQuery): Promise<ProductPage> {
    const { page, pageSize } = query;
    if (page === 1) return this.#cachedPage(query);
    // When the first page cannot be loaded, this one may still be cached.
    const first = await this.#cachedPage({ ...query, page: 1 }).catch(() => null);
    if (first === null || (page - 1) * pageSize < first.total) return this.#cachedPage(query);
    return { items: [], page, pageSize, total: first.total };
  }

  #cachedPage(query: ProductQuery): Promise<ProductPage> {
    return this.#cache.getOrSet(pageKey(query), () => this.products.page(query), {
      ttlMs: LIST_TTL_MS,
      tags: [listTag(query.category)],
    });
  }

  /** Changes a product, first in the database and then in the cache. */
  async change(id: number, change: ProductChange): Promise<Product> {
    const product = await this.#changed(id, change);
    if (product === undefined) throw new NotThereException('product');
    await this.#invalidate(id, [product.category]);
    return product;
  }

  async #changed(id: number, change: ProductChange): Promise<Product | undefined> {
    try {
      return await this.products.change(id, change);
    } catch (error) {
      // The change may have been made all the same, and the category is not known.
      if (error instanceof DatabaseUnavailableError) await this.#invalidate(id, CATEGORIES);
      throw error;
    }
  }

  // A failed invalidation must not look as if the change was not made: cached values expire by
  // themselves within a minute.
  async #invalidate(id: number, categories: readonly string[]): Promise<void> {
    const results = await Promise.allSettled([
      this.#cache.delete(productKey(id)),
      ...[undefined, ...categories].map((one) => this.#cache.deleteByTag(listTag(one))),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined)
      this.#log.warn({ err: failed.reason as unknown, event: 'not-invalidated' });
  }
}

function productKey(id: number | ''): string {
  return `product:${id}`;
}

function idIn(key: string): number {
  return Number(key.slice(productKey('').length));
}

function pageKey({ category, page, pageSize }: ProductQuery): string {
  return `list:${category ?? '*'}:${page}:${pageSize}`;
}

function listTag(category: string | undefined): string {
  return `list:${category ?? '*'}`;
}
