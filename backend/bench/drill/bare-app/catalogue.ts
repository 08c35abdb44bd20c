import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { Redis } from 'ioredis';
import { ProductIdSchema, type Product } from '../../../src/app/catalogue/catalogue.schemas.js';
import { ProductsRepository } from '../../../src/app/catalogue/products.repository.js';
import { NotThereException } from '../../../src/app/http/problems.js';
import { ZodPipe } from '../../../src/app/http/zod.pipe.js';
import { counted, counts } from './bare-redis.js';

const PRODUCT_S = 60;
const JITTER = 0.2;

/** Products from Redis by hand: what it does not have comes from the database. */
@Injectable()
export class BareCatalogue {
  constructor(
    private readonly products: ProductsRepository,
    private readonly redis: Redis,
  ) {}

  /** Returns one product. */
  async find(id: number): Promise<Product> {
    const key = `product:${id}`;
    const kept = await counted(this.redis.get(key));
    if (kept !== null) {
      counts.hits++;
      return JSON.parse(kept) as Product;
    }
    counts.misses++;
    const product = await this.products.find(id);
    if (product === undefined) throw new NotThereException('product');
    const lifeS = Math.ceil(PRODUCT_S * (1 - JITTER * Math.random()));
    await counted(this.redis.set(key, JSON.stringify(product), 'EX', lifeS));
    return product;
  }
}

/** The catalogue, as far as the drill reads it. */
@Controller('api/products')
export class BareCatalogueController {
  constructor(private readonly catalogue: BareCatalogue) {}

  /** One product. */
  @Get(':id')
  find(@Param(new ZodPipe(ProductIdSchema)) { id }: { id: number }): Promise<Product> {
    return this.catalogue.find(id);
  }
}
