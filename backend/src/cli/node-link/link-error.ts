import { CliError } from '../frame/index.js';

/** A node refuses something (`NODE_REFUSED`), or the connection to it is of no use any more (`LINK_BROKEN`). */
export class LinkError extends CliError {
  override readonly name = 'LinkError';
  override readonly code: 'NODE_REFUSED' | 'LINK_BROKEN';

  constructor(code: LinkError['code'], message: string, remedy: string) {
    super(message, remedy);
    this.code = code;
  }
}
