import { type CommandSpec, PROFILE_NAME } from './spec.ts';

/** Commands that run profiles and tell how they are. */
export const RUN_COMMANDS = {
  preview: {
    summary: 'what a run of a profile would do',
    about: 'Lists both sides and shows what a run would do, one line per item as rsync -i prints it. Changes nothing.',
    args: [PROFILE_NAME],
    options: {},
    examples: ['driftline preview site', "driftline preview site | grep '^\\*deleting'"],
  },
  run: {
    summary: 'runs a profile',
    about: `Runs a profile to its end and tells what it did. Without a terminal nothing is ever asked: what would need an answer stops the run before anything is changed, and the message names the answer.

A profile that runs already, here, in the window or on a timer, is not started twice.`,
    args: [PROFILE_NAME],
    options: {
      'yes-delete': { type: 'boolean', help: 'also when a large part of the destination would be deleted' },
      confirm: {
        type: 'string',
        multiple: true,
        word: 'CODE',
        kind: 'text',
        help: 'also when the guard stops it with this code, which its message names',
      },
      wait: { type: 'boolean', help: 'wait while another run is at the profile or its destination' },
    },
    examples: ['driftline run site && echo done', 'driftline run site --wait --json > result.json'],
    exits: { 4: 'stopped before anything was changed: by the guard, or because another run is at it' },
  },
  list: {
    summary: 'profiles, and how fresh their copies are',
    args: [],
    options: {},
    examples: ['driftline list', 'driftline list --json'],
  },
  status: {
    summary: 'what runs, and how the last runs ended',
    about: `One line for each profile, the troubled ones first. Runs of the window and of other processes count too. The exit code is made for monitoring.`,
    args: [{ ...PROFILE_NAME, optional: true }],
    options: {
      'max-age': {
        type: 'string',
        word: 'AGE',
        kind: 'text',
        help: 'overdue is what has no complete copy younger than this: 90min, 26h, 3d',
      },
    },
    examples: ['driftline status', 'driftline status photos --max-age 26h', 'driftline status --json --max-age 2d'],
    exits: {
      0: 'all is well, or running',
      4: 'something failed, is overdue or needs attention',
      23: 'something finished with issues, or was cancelled or interrupted',
    },
  },
  history: {
    summary: 'past runs, the newest first',
    args: [{ ...PROFILE_NAME, optional: true }],
    options: {
      limit: { type: 'string', word: 'N', kind: 'text', help: 'at most so many runs; default 20' },
      issues: { type: 'boolean', help: 'with the files that had trouble' },
    },
    examples: ['driftline history photos --limit 5', 'driftline history --issues'],
  },
} as const satisfies Record<string, CommandSpec>;
