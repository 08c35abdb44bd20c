import { AnswerReader } from './http-answer.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('reading answers', () => {
  const answersTo = (pieces: readonly string[]) => {
    const answers: unknown[] = [];
    const reader = new AnswerReader((status, body, isLast) => {
      answers.push([status, body.toString(), isLast]);
    });
    for (const piece of pieces) reader.push(Buffer.from(piece));
    return { answers, isAtStart: reader.isAtStart };
  };

  it('reads an answer that comes byte by byte', () => {
    expect(answersTo(Array.from(OK))).toEqual({ answers: [[200, 'ok', false]], isAtStart: true });
  });

  it('reads two answers that come at once', () => {
    expect(answersTo([OK + OK]).answers).toHaveLength(2);
  });

  it('reads chunks, and an answer without a body', () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n';
    expect(answersTo(Array.from(chunked)).answers).toEqual([[200, 'abcde', false]]);
    expect(answersTo(['HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n']).answers).toEqual([
      [204, '', true],
    ]);
  });
});
