import { strangersIn } from './production.js';

const CLIENTS = [
  'id=3 addr=172.29.77.12:51022 laddr=172.29.77.11:6379 name= flags=S user=replica',
  'id=4 addr=172.29.77.21:40110 laddr=172.29.77.11:6379 name=sentinel-1f-cmd flags=N user=sentinel',
  'id=7 addr=172.29.77.1:60002 laddr=172.29.77.11:6379 name=nestjs-redis-ha-cli flags=N user=operator',
];
const HEALTH_CHECK = 'id=9 addr=127.0.0.1:38122 laddr=127.0.0.1:6379 name= flags=N user=node';
const APPLICATION =
  'id=8 addr=172.29.77.31:4242 laddr=172.29.77.11:6379 name=shop flags=N user=app';

describe('the strangers among the clients of a node', () => {
  it('are neither nodes, nor Sentinels, nor this program', () => {
    expect(strangersIn(`${CLIENTS.join('\n')}\n`)).toEqual([]);
    expect(strangersIn([...CLIENTS, APPLICATION].join('\n'))).toEqual([APPLICATION]);
    expect(strangersIn([...CLIENTS, HEALTH_CHECK].join('\n'))).toEqual([HEALTH_CHECK]);
  });

  it('are not the health check inside the container of the node, and an application all the same', () => {
    const list = [...CLIENTS, HEALTH_CHECK, APPLICATION].join('\n');
    expect(strangersIn(list, true)).toEqual([APPLICATION]);
  });
});
