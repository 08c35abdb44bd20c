import { replicaView, sentinelView } from '../../../../../test/support/sentinel-views.js';
import type { NodeAddress } from '../../../base/address/index.js';
import { planTopology, type TopologyQuestion } from './plan-topology.js';
import type { SentinelView } from './sentinel-view.js';

const node = (port: number): NodeAddress => ({ host: '10.0.0.1', port });
const [A, B, C] = [node(1), node(2), node(3)] as const;

let sentinels = 0;
function view(
  primary: NodeAddress,
  epoch: number,
  replicas: readonly NodeAddress[] = [],
): SentinelView {
  return sentinelView(primary, {
    sentinel: node(26_000 + sentinels++),
    id: String(sentinels),
    epoch,
    replicas: replicas.map((address) => replicaView(address)),
  });
}

const ask = (over: Partial<TopologyQuestion>) =>
  planTopology({
    known: null,
    views: [],
    sentinelCount: 3,
    isPatienceOver: false,
    outdatedForMs: 0,
    ...over,
  });

const WAIT = { kind: 'wait' };
const follow = (primary: NodeAddress, epoch: number): unknown =>
  expect.objectContaining({ kind: 'follow', primary, epoch });

describe('planTopology', () => {
  const known = { address: A, epoch: 5 };
  const rows: [string, Partial<TopologyQuestion>, unknown][] = [
    ['waits as long as nobody answers', {}, WAIT],
    ['waits as long as nobody answers, whatever is known', { known, isPatienceOver: true }, WAIT],
    ['waits for a majority at the first start', { views: [view(A, 1)] }, WAIT],
    ['waits when exactly half has answered', { views: [view(A, 1)], sentinelCount: 2 }, WAIT],
    ['follows a majority at the first start', { views: [view(A, 1), view(A, 1)] }, follow(A, 1)],
    [
      'believes one alone when the others have been silent for long enough',
      { views: [view(A, 1)], isPatienceOver: true },
      follow(A, 1),
    ],
    [
      'believes the only Sentinel there is',
      { views: [view(A, 0)], sentinelCount: 1 },
      follow(A, 0),
    ],
    [
      'takes the highest epoch, however few say so',
      { known, views: [view(A, 5), view(A, 5), view(B, 6)] },
      follow(B, 6),
    ],
    [
      'takes the highest epoch at the first start too',
      { views: [view(A, 5), view(B, 6)] },
      follow(B, 6),
    ],
    [
      'follows the majority among equals',
      { known: { address: C, epoch: 5 }, views: [view(A, 6), view(B, 6), view(B, 6)] },
      follow(B, 6),
    ],
    [
      'prefers the primary it has on a tie',
      { known, views: [view(B, 5), view(A, 5)], sentinelCount: 2 },
      follow(A, 5),
    ],
    [
      'leaves the primary it has when a majority of the same epoch names another',
      { known, views: [view(B, 5), view(B, 5), view(A, 5)] },
      follow(B, 5),
    ],
    ['ignores an older epoch of one', { known, views: [view(B, 4)] }, WAIT],
    [
      'ignores an older epoch of several who disagree',
      { known, views: [view(B, 4), view(A, 3), view(B, 4)], outdatedForMs: 60_000 },
      WAIT,
    ],
    [
      'ignores an older epoch of a minority of one voice',
      { known, views: [view(B, 1), view(B, 1)], sentinelCount: 5, outdatedForMs: 60_000 },
      WAIT,
    ],
    [
      'ignores an older epoch of the only Sentinel',
      { known, views: [view(B, 1)], sentinelCount: 1, outdatedForMs: 60_000 },
      WAIT,
    ],
    [
      'ignores an older epoch beside one who knows the present one',
      { known, views: [view(A, 5), view(B, 4), view(B, 4)] },
      follow(A, 5),
    ],
    [
      'follows a majority that agrees and was set up again',
      { known, views: [view(B, 0), view(B, 0)], outdatedForMs: 10_000 },
      follow(B, 0),
    ],
    [
      'takes Sentinels that are behind for a moment for what they are, however many',
      { known, views: [view(B, 4), view(B, 4), view(B, 4)], outdatedForMs: 9999 },
      WAIT,
    ],
    [
      'believes it with different new epochs too',
      { known, views: [view(B, 0), view(B, 1)], outdatedForMs: 60_000 },
      follow(B, 1),
    ],
    [
      'compares addresses by what they mean',
      {
        known: { address: { host: '::1', port: 1 }, epoch: 5 },
        views: [view({ host: '0:0:0:0:0:0:0:1', port: 1 }, 5), view(B, 5)],
        sentinelCount: 2,
      },
      expect.objectContaining({ kind: 'follow', epoch: 5 }),
    ],
  ];

  it.each(rows)('%s', (_, question, plan) => {
    expect(ask(question)).toEqual(plan);
  });

  it('takes the replicas of all that name the same primary, each once and never the primary', () => {
    const views = [view(A, 5, [B, C]), view(A, 5, [C, B, A]), view(B, 4, [node(9)])];
    expect(ask({ views })).toMatchObject({ primary: A, replicas: [B, C] });
  });

  it('takes no replicas of those that name another primary', () => {
    const views = [view(A, 5, [B]), view(A, 5, [B]), view(C, 5, [node(9)])];
    expect(ask({ views })).toMatchObject({ primary: A, replicas: [B] });
  });

  it('decides the same for any order of the answers, unless it is a tie', () => {
    const views = [view(A, 5), view(B, 6), view(B, 6), view(C, 6), view(A, 5)];
    for (let i = 0; i < views.length; i++) {
      views.push(views.shift()!);
      expect(ask({ known, views, sentinelCount: 5 })).toEqual(follow(B, 6));
    }
  });

  it('does not change what it is asked about', () => {
    const question = Object.freeze({
      known: Object.freeze({ address: A, epoch: 5 }),
      views: Object.freeze([view(B, 6, [A])]),
      sentinelCount: 3,
      isPatienceOver: false,
      outdatedForMs: 0,
    });
    expect(planTopology(question)).toMatchObject({ primary: B });
  });
});
