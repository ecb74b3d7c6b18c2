import { type CommandSpec, PROFILE_NAME } from './spec.ts';

/** What both `add` and `edit` take. */
const OPTIONS = {
  source: {
    type: 'string',
    multiple: true,
    word: 'FOLDER',
    kind: 'place',
    help: 'what is mirrored; a slash at the end means its contents; several of one place by giving it several times',
  },
  dest: { type: 'string', word: 'FOLDER', kind: 'place', help: 'where to' },
  contents: { type: 'boolean', help: 'the contents of the source, not the folder itself' },
  delete: { type: 'boolean', help: 'remove from the destination what the source does not have' },
  exclude: {
    type: 'string',
    multiple: true,
    word: 'PATTERN',
    kind: 'text',
    help: 'leave out names that match; may be given several times',
  },
  filter: {
    type: 'string',
    multiple: true,
    word: 'RULE',
    kind: 'text',
    help: "a filter rule in rsync's words, such as '+ /keep/'; the first that matches decides",
  },
  checksum: { type: 'boolean', help: 'compare contents instead of size and time' },
  update: { type: 'boolean', help: 'keep files that are newer at the destination' },
  'numeric-ids': { type: 'boolean', help: 'keep user and group numbers, not names' },
  option: {
    type: 'string',
    multiple: true,
    word: 'OPTION',
    kind: 'text',
    help: 'a further option of rsync, such as --option=--hard-links or --option=--bwlimit=1m',
  },
  timeout: {
    type: 'string',
    word: 'SECONDS',
    kind: 'text',
    help: 'give up when nothing arrives for so long; 0 = never, default 60',
  },
  tag: { type: 'string', multiple: true, word: 'TAG', kind: 'text', help: 'a word to find the profile by' },
} as const;

const LIST = {
  summary: 'the saved profiles',
  args: [],
  options: {},
  examples: ['driftline profile list --json'],
} as const;

/** Commands about what is mirrored where. */
export const PROFILE_COMMANDS = {
  'profile add': {
    summary: 'saves what is mirrored where',
    about: 'One of the folders may be on a saved host: HOST:PATH.',
    args: [{ ...PROFILE_NAME, kind: 'text' }],
    options: OPTIONS,
    examples: [
      'driftline profile add site --source ./public/ --dest web:/var/www/site --delete',
      "driftline profile add mail --source nas:Maildir --dest /backup --exclude '*.tmp' --exclude /cache/",
    ],
  },
  'profile edit': {
    summary: 'changes a saved profile',
    about: `Only what is given changes. --exclude, --filter, --option and --tag replace all of their kind; an empty value leaves none.`,
    args: [PROFILE_NAME],
    options: {
      name: { type: 'string', word: 'NAME', kind: 'text', help: 'another name' },
      ...OPTIONS,
      'no-contents': { type: 'boolean', help: 'the folder itself' },
      'no-delete': { type: 'boolean', help: 'delete nothing' },
      'no-checksum': { type: 'boolean', help: 'compare size and time' },
      'no-update': { type: 'boolean', help: 'replace newer files, too' },
      'no-numeric-ids': { type: 'boolean', help: 'keep names of users and groups' },
    },
    examples: [
      'driftline profile edit site --no-delete',
      "driftline profile edit mail --exclude '*.tmp' --exclude '.cache/'",
    ],
  },
  'profile show': {
    summary: 'all there is to a profile',
    args: [PROFILE_NAME],
    options: {},
    examples: ['driftline profile show site'],
  },
  'profile list': LIST,
  'profile command': {
    summary: 'the rsync command that does the same',
    args: [PROFILE_NAME],
    options: {},
    examples: ['driftline profile command site'],
  },
  'profile import-command': {
    summary: 'makes a profile of an rsync command',
    about: `The command is one word, so quote it; “-” reads it from standard input. Nothing of it is executed. What a profile cannot have is left out, and said.`,
    args: [
      { ...PROFILE_NAME, kind: 'text' },
      { word: 'COMMAND', kind: 'text', what: 'The rsync command' },
    ],
    options: { 'dry-run': { type: 'boolean', short: 'n', help: 'only show how it is understood' } },
    examples: ["driftline profile import-command site 'rsync -a --delete public/ web:/var/www/site'"],
  },
  'profile duplicate': {
    summary: 'copies a profile',
    about: 'The copy gets a free name, such as “site (2)”.',
    args: [PROFILE_NAME],
    options: {},
    examples: ['driftline profile duplicate site'],
  },
  'profile remove': {
    summary: 'forgets a profile; no file is touched',
    args: [PROFILE_NAME],
    options: {},
    examples: ['driftline profile remove site'],
  },
} as const satisfies Record<string, CommandSpec>;
