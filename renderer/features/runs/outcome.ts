import type { RunOutcome } from '../../../shared/model/run.ts';
import type { IconName } from '../../ui/icon-paths.ts';

export type OutcomeTone = 'success' | 'warning' | 'danger' | 'neutral';

const LOOK: Record<RunOutcome, [OutcomeTone, IconName]> = {
  success: ['success', 'check'],
  partial: ['warning', 'warning'],
  failed: ['danger', 'close'],
  cancelled: ['neutral', 'stop'],
  'needs-attention': ['warning', 'warning'],
  interrupted: ['warning', 'stop'],
};

export const outcomeTone = (outcome: RunOutcome): OutcomeTone => LOOK[outcome][0];
export const outcomeIcon = (outcome: RunOutcome): IconName => LOOK[outcome][1];
