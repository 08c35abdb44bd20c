import type { SurveyedNode } from './survey.js';

/** Whether a node refuses writes, and `PING`, with `MISCONF`. */
export function stopsWhereSavesFail({ info, config }: SurveyedNode): boolean {
  if (info.get('aof_last_write_status') === 'err') return true;
  return mayStopOnSave({ config }) && info.get('rdb_last_bgsave_status') === 'err';
}

/** Whether a node is to refuse writes once a save fails. */
export function mayStopOnSave({ config }: Pick<SurveyedNode, 'config'>): boolean {
  return (config.get('save') ?? '') !== '' && config.get('stop-writes-on-bgsave-error') === 'yes';
}
