import { readRows, type CommandRow } from './command-rows.js';

/**
 * Commands of Redis 8.2 to 8.10 that the servers lack from which the generated table was made. What they do,
 * and where their keys are, is what the documentation of Redis says of each.
 */
export const NEWER_TABLE: ReadonlyMap<string, CommandRow> = new Map([
  ...readRows(
    'read',
    'arcount+ arget+ argetrange argrep arinfo arlastitems arlen+ armget+ arnext+ arop arscan ' +
      'digest+ sdiffcard=#1 sunioncard=#1 vrange',
  ),
  ...readRows(
    'write',
    'ardel+ ardelrange arinsert+ armset+ arring arseek+ arset+ blmovem*=1:2 delex+ himport|set=2 ' +
      'increx+ lmovem=1:2 msetex=#1:2 trimslots= xackdel+ xcfgset+ xdelex+ xidmprecord+ xnack+',
  ),
  ...readRows(
    'other',
    'backup|abort backup|cleanup backup|help backup|list backup|seal backup|start backup|status ' +
      'cluster|migration cluster|syncslots himport|discard himport|discardall himport|prepare ' +
      'hotkeys|get hotkeys|help hotkeys|reset hotkeys|start hotkeys|stop',
  ),
]);
