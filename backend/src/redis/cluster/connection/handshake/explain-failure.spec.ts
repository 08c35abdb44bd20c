import { explainFailure, mayBeOtherTransport, otherTransport } from './explain-failure.js';

describe('why a connection cannot be opened', () => {
  it.each([
    [
      'NOAUTH Authentication required.',
      /wants a password \(NOAUTH .*required\); set node.password$/,
    ],
    [
      'the password is refused: WRONGPASS invalid username-password pair or user is disabled.',
      /WRONGPASS .*disabled; check node.username and node.password$/,
    ],
    [
      "NOPERM this user has no permissions to run the 'role' command",
      /NOPERM.*; give node.username \+role/,
    ],
    ["ERR unknown command 'sentinel'", /is a Redis node and no Sentinel .*sentinel.nodes/],
    ['ERR max number of clients reached', /raise its maxclients, or lower pools.writeSize/],
    [
      'DENIED Redis is running in protected mode because …',
      /from its own machine only.*requirepass/,
    ],
    [
      "Hostname/IP does not match certificate's altnames: Host: redis.prod.",
      /for another name .*redis.prod\); .*node.tls.servername/,
    ],
    ['self-signed certificate in certificate chain', /signed its certificate .*; set node.tls.ca/],
    ['certificate has expired', /not valid now .*renew it/],
    [
      'ssl/tls alert certificate required',
      /does not accept our certificate .*set node.tls.cert and node.tls.key/,
    ],
    ['tlsv1 alert unknown ca', /does not accept our certificate .*set node.tls.cert/],
    ['connect ECONNREFUSED 127.0.0.1:1', /nobody listens there .*check that it runs/],
    ['getaddrinfo ENOTFOUND redis.invalid', /its name has no address .*check the host$/],
    ['no answer to the handshake', /cannot be reached, or does not answer .*firewall$/],
  ])('is told with what to do about it: %s', (reason, told) => {
    expect(explainFailure(reason, 'node')).toMatch(told);
  });

  it('names the options of the side it is about', () => {
    expect(explainFailure('NOAUTH Authentication required.', 'sentinel')).toContain(
      'set sentinel.password',
    );
    expect(explainFailure('NOPERM no', 'sentinel')).toContain('give sentinel.username +sentinel');
    expect(otherTransport('sentinel', false)).toContain('sentinel.tls is not set');
  });

  it('stays as it is when nothing is known about it, without its full stop', () => {
    expect(explainFailure('read ECONNRESET', 'node')).toBe('read ECONNRESET');
    expect(explainFailure('Something else.', 'node')).toBe('Something else');
  });

  it('may be the transport only where nothing was understood', () => {
    expect(mayBeOtherTransport('read ECONNRESET')).toBe(true);
    expect(mayBeOtherTransport('no answer to the handshake')).toBe(true);
    expect(mayBeOtherTransport('connect ECONNREFUSED 127.0.0.1:1')).toBe(false);
    expect(mayBeOtherTransport('NOAUTH Authentication required.')).toBe(false);
  });
});
