import { Controller, Get, Header, Inject } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import { DOCS_PAGE } from './docs.page.js';
import { DOCS_SCRIPT } from './docs.script.js';
import { homePage } from './home.page.js';
import { describeApi } from './openapi.js';
import { STYLE } from './style.js';

const HTML = 'text/html; charset=utf-8';

/** Pages for people, and the description of the API for machines. All of it is made of this program. */
@Controller()
export class PagesController {
  readonly #description = describeApi();
  readonly #home: string;

  constructor(@Inject(APP_CONFIG) { port }: AppConfig) {
    this.#home = homePage(port);
  }

  /** Says what to try and where to look. */
  @Get()
  @Header('Content-Type', HTML)
  home(): string {
    return this.#home;
  }

  /** Lists the operations and lets one try them. */
  @Get('docs')
  @Header('Content-Type', HTML)
  docs(): string {
    return DOCS_PAGE;
  }

  /** The script of the page of operations. */
  @Get('docs/docs.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): string {
    return DOCS_SCRIPT;
  }

  /** The style of both pages. */
  @Get('docs/style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return STYLE;
  }

  /** OpenAPI 3.1. */
  @Get('openapi.json')
  openapi(): Record<string, unknown> {
    return this.#description;
  }
}
