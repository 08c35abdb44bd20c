import { Module } from '@nestjs/common';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';
import { ProductsRepository } from './products.repository.js';
import { RecentlyViewed } from './recently-viewed.js';

/** Products. */
@Module({
  controllers: [CatalogueController],
  providers: [CatalogueService, ProductsRepository, RecentlyViewed],
})
export class CatalogueModule {}
