import { readRows, type CommandRow } from './command-rows.js';

/**
 * The commands of the modules that Redis 8 ships: JSON, search, time series and the probabilistic types.
 * The generated table lacks them, because it is made from servers without modules. Which of them read and
 * which write, which are fast, and where their keys are, is what the documentation of Redis says of each. The name of an
 * index for `FT.…` is not a key: it is not in the database.
 */
export const MODULE_TABLE: ReadonlyMap<string, CommandRow> = new Map([
  ...readRows(
    'read',
    'json.arrindex json.arrlen json.debug|memory=2 json.get json.mget=1:-2 json.objkeys ' +
      'json.objlen json.resp json.strlen json.type ' +
      'bf.card+ bf.exists+ bf.info+ bf.mexists+ bf.scandump ' +
      'cf.count+ cf.exists+ cf.info+ cf.mexists+ cf.scandump ' +
      'cms.info cms.query topk.count topk.info topk.list topk.query ' +
      'tdigest.byrank tdigest.byrevrank tdigest.cdf tdigest.info tdigest.max tdigest.min ' +
      'tdigest.quantile tdigest.rank tdigest.revrank tdigest.trimmed_mean ' +
      'ts.get ts.info ts.mget= ts.mrange= ts.mrevrange= ts.queryindex= ts.range ts.revrange ' +
      'ts.nrange=#1 ts.nrevrange=#1 ts.querylabels= ts.read ' +
      'ft._list= ft.aliaslist= ft.config|get= ft.cursor|gc= ft.aggregate= ft.cursor|read= ft.dictdump= ft.explain= ft.explaincli= ft.hybrid= ' +
      'ft.info= ft.profile= ft.search= ft.spellcheck= ft.sugget ft.suglen ft.syndump= ft.tagvals=',
  ),
  ...readRows(
    'write',
    'json.arrappend json.arrinsert json.arrpop json.arrtrim json.clear json.del json.forget ' +
      'json.merge json.mset=1:-1:3 json.numincrby json.nummultby json.numpowby json.set json.strappend ' +
      'json.toggle ' +
      'bf.add bf.insert bf.loadchunk bf.madd bf.reserve ' +
      'cf.add cf.addnx cf.del cf.insert cf.insertnx cf.loadchunk cf.reserve ' +
      'cms.incrby cms.initbydim cms.initbyprob cms.merge=1,#2 topk.add topk.incrby topk.reserve ' +
      'tdigest.add tdigest.create tdigest.merge=1,#2 tdigest.reset ' +
      'ts.add ts.alter ts.create ts.createrule=1:2 ts.decrby ts.del ts.deleterule=1:2 ts.incrby ' +
      'ts.madd=1:-1:3 ' +
      'ft._aliasaddifnx= ft._aliasdelifx= ft._alterifnx= ft._createifnx= ft._dropindexifx= ' +
      'ft.config|set= ft.aliasadd= ft.aliasdel= ft.aliasupdate= ft.alter= ft.create= ft.cursor|del= ft.dictadd= ' +
      'ft.dictdel= ft.dropindex= ft.sugadd ft.sugdel ft.synupdate=',
  ),
]);
