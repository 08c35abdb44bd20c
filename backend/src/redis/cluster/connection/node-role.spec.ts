import { parseRole } from './node-role.js';

describe('parseRole', () => {
  it.each([
    [
      ['master', '3129659', [['127.0.0.1', '9001', '3129242']]],
      {
        kind: 'primary',
        offset: 3129659,
        replicas: [{ address: { host: '127.0.0.1', port: 9001 }, offset: 3129242 }],
      },
    ],
    [['master', 0, []], { kind: 'primary', offset: 0, replicas: [] }],
    [
      ['slave', '10.0.0.1', 6379, 'connected', 42],
      {
        kind: 'replica',
        primary: { host: '10.0.0.1', port: 6379 },
        isLinked: true,
        offset: 42,
      },
    ],
    [
      ['slave', '::1', '6379', 'sync', '-1'],
      { kind: 'replica', primary: { host: '::1', port: 6379 }, isLinked: false, offset: -1 },
    ],
    [['sentinel', ['mymaster']], { kind: 'other', answer: 'sentinel' }],
  ])('reads %j', (answer, role) => {
    expect(parseRole(answer)).toEqual(role);
  });

  it.each(['connect', 'connecting', 'sync', 'handshake', '', null, 7])(
    'takes a replica whose link is %j for not linked',
    (link) => {
      expect(parseRole(['slave', 'h', 1, link, 5])).toMatchObject({ isLinked: false });
    },
  );

  it.each([
    [null],
    [undefined],
    ['master'],
    [0],
    [{}],
    [[]],
    [[null]],
    [[['master']]],
    [['Master', 1, []]],
    [Buffer.from('master')],
  ])('takes %j for neither a primary nor a replica', (answer) => {
    expect(parseRole(answer)).toMatchObject({ kind: 'other' });
  });

  it.each([
    [['master'], { kind: 'primary', offset: 0, replicas: [] }],
    [
      ['master', 5, [null, 'x', ['evil\u001b[2J', {}]]],
      {
        kind: 'primary',
        replicas: Array.from({ length: 3 }, () => ({ address: { host: '', port: 0 }, offset: 0 })),
      },
    ],
    [['master', 'many', 'none'], { kind: 'primary', offset: 0, replicas: [] }],
    [
      ['slave', 'evil\u001b[2J\nline', 6379, 'connected', 1],
      { kind: 'replica', primary: { host: '', port: 6379 } },
    ],
    [['slave'], { kind: 'replica', isLinked: false, offset: 0 }],
    [['slave', null, null, 'connected', {}], { kind: 'replica', offset: 0 }],
  ])('makes the best of %j, without an exception', (answer, role) => {
    expect(parseRole(answer)).toMatchObject(role);
  });
});
