import { Body, Controller, Get, Param, Put, Query, UseGuards } from '@nestjs/common';
import {
  AllowAnonymous,
  CurrentSession,
  SessionGuard,
  SessionState,
  type RequestSession,
  type Session,
} from '../../redis/index.js';
import { ZodPipe } from '../http/zod.pipe.js';
import {
  ProductChangeSchema,
  ProductIdSchema,
  ProductQuerySchema,
  type Product,
  type ProductChange,
  type ProductPage,
  type ProductQuery,
  type Recent,
} from './catalogue.schemas.js';
import { CatalogueService } from './catalogue.service.js';
import { RecentlyViewed } from './recently-viewed.js';

/** The catalogue: everybody may read, users who are logged in may write. */
@Controller('api')
@UseGuards(SessionGuard)
export class CatalogueController {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly recent: RecentlyViewed,
  ) {}

  /** A page of products. */
  @Get('products')
  @AllowAnonymous()
  page(@Query(new ZodPipe(ProductQuerySchema)) query: ProductQuery): Promise<ProductPage> {
    return this.catalogue.page(query);
  }

  /** One product. */
  @Get('products/:id')
  @AllowAnonymous()
  async find(
    @Param(new ZodPipe(ProductIdSchema)) { id }: { id: number },
    @SessionState() viewer: RequestSession,
  ): Promise<Product> {
    const product = await this.catalogue.find(id);
    // Nobody waits for a look at a product because nobody can tell right now who looks.
    if (viewer.state === 'valid') this.recent.note(viewer.session.userId, id);
    return product;
  }

  /** Changes a product. */
  @Put('products/:id')
  change(
    @Param(new ZodPipe(ProductIdSchema)) { id }: { id: number },
    @Body(new ZodPipe(ProductChangeSchema)) change: ProductChange,
  ): Promise<Product> {
    return this.catalogue.change(id, change);
  }

  /** The products that the user viewed last. */
  @Get('recently-viewed')
  recentlyViewed(@CurrentSession() { userId }: Session): Promise<Recent> {
    return this.recent.list(userId);
  }
}
