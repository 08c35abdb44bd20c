import type { IncomingMessage, ServerResponse } from 'node:http';
import { addToLog, contextFields, inContext } from './request-context.js';

describe('the context of a request', () => {
  const response = { closed: false };

  function within(work: () => void): void {
    const context = { requestId: 'a', request: {}, response, added: {} } as unknown as {
      readonly requestId: string;
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
    };
    inContext(context, work);
  }

  it.each(['Database', 'Database:other'])('is in no line of %s', (context) => {
    within(() => {
      expect(contextFields({ context })).toEqual({});
    });
  });

  it('says whose request it is, once that is known', () => {
    within(() => {
      addToLog({ organisationId: 'acme' });
      expect(contextFields({ context: 'Redis' })).toEqual({
        requestId: 'a',
        organisationId: 'acme',
      });
    });
    addToLog({ organisationId: 'nobody' });
    expect(contextFields()).toEqual({});
  });

  it('is in all other lines until the response is over, and in none that comes later', () => {
    within(() => {
      expect(contextFields()).toEqual({ requestId: 'a' });
      expect(contextFields({ context: 'Catalogue' })).toEqual({ requestId: 'a' });
      response.closed = true;
      expect(contextFields()).toEqual({});
    });
    expect(contextFields()).toEqual({});
  });
});
