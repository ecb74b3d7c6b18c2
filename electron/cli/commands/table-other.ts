import type { CommandSpec } from './spec.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Commands about the program itself. */
export const OTHER_COMMANDS = {
  'settings get': {
    summary: 'the settings, or one of them',
    args: [{ word: 'SETTING', kind: 'setting', what: 'The name of the setting', optional: true }],
    options: {},
    examples: ['driftline settings get', 'driftline settings get parallelRuns'],
  },
  'settings set': {
    summary: 'changes a setting',
    about: 'The value is JSON, or a plain word.',
    args: [
      { word: 'SETTING', kind: 'setting', what: 'The name of the setting' },
      { word: 'VALUE', kind: 'text', what: 'Its value' },
    ],
    options: {},
    examples: ['driftline settings set theme dark', `driftline settings set history '{"runs":500,"days":90}'`],
  },
  'settings export': {
    summary: 'writes hosts, profiles and settings to a file',
    about: 'No password and no accepted server key is in it. “-” is standard output.',
    args: [{ word: 'FILE', kind: 'file', what: 'The name of the file' }],
    options: {},
    examples: ['driftline settings export driftline.json'],
  },
  'settings import': {
    summary: 'takes hosts, profiles and settings from a file',
    about: `What is saved here already stays as it is, unless --replace says otherwise. Nothing is connected to or run, and the keys of the servers are asked about at their first connections.`,
    args: [{ word: 'FILE', kind: 'file', what: 'The name of the file' }],
    options: {
      replace: { type: 'boolean', help: 'replace what has the same name here' },
      'with-settings': { type: 'boolean', help: 'take over the settings, too' },
      'dry-run': { type: 'boolean', short: 'n', help: 'only show what the file would bring' },
    },
    examples: ['driftline settings import driftline.json --dry-run', 'driftline settings import driftline.json'],
  },
  serve: {
    summary: 'the window, in a browser on this machine',
    about: 'Opens the window to a browser on this machine and prints its address, which holds the key to it.',
    args: [],
    options: { port: { type: 'string', word: 'PORT', kind: 'text', help: 'default: any that is free' } },
    examples: ['driftline serve --port 8765'],
  },
  demo: {
    summary: 'shows itself: mirrors a sample to a server inside the program',
    about: 'Push, change, push again and pull, each compared byte for byte. Needs no server and leaves nothing behind.',
    args: [],
    options: {},
    examples: ['driftline demo'],
    exits: { 1: 'a comparison found a difference' },
  },
  rsync: {
    summary: "rsync's own arguments and output",
    about: `Takes rsync's arguments, prints what rsync prints and ends with its exit codes. “driftline rsync --help” lists the options. Saved hosts are known by their names. Has no --json.`,
    args: [{ word: 'ARGUMENT', kind: 'rsync', what: 'An argument', optional: true, rest: true }],
    options: {},
    examples: ['driftline rsync -av src/ server:dest/', "rsync --rsync-path='driftline rsync' -a src/ server:dest/"],
  },
  completion: {
    summary: 'completes commands, options and names in your shell',
    about: `Prints a script for the shell. To have it in every new shell:

  bash   driftline completion bash > ~/.local/share/bash-completion/completions/driftline
  zsh    driftline completion zsh > ~/.zfunc/_driftline     (with ~/.zfunc in fpath, before compinit)
  fish   driftline completion fish > ~/.config/fish/completions/driftline.fish`,
    args: [{ word: 'SHELL', kind: 'text', choices: SHELLS, what: 'The name of the shell (bash, zsh or fish)' }],
    options: {},
    examples: ['source <(driftline completion bash)', 'driftline completion fish | source'],
  },
  help: {
    summary: 'what a command takes, with examples',
    args: [{ word: 'COMMAND', kind: 'command', what: 'The name of the command', optional: true, rest: true }],
    options: {},
    examples: ['driftline help run'],
  },
  version: {
    summary: 'the version of this program',
    args: [],
    options: {},
    examples: ['driftline version --json'],
  },
} as const satisfies Record<string, CommandSpec>;
