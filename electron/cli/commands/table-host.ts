import { type CommandSpec, HOST_NAME } from './spec.ts';

const LOGIN_OPTIONS = {
  address: { type: 'string', word: 'ADDRESS', kind: 'text', help: 'host name or IP address' },
  port: { type: 'string', word: 'PORT', kind: 'text', help: 'default 22' },
  user: { type: 'string', word: 'USER', kind: 'text', help: 'default: your own name' },
  key: {
    type: 'string',
    word: 'FILE',
    kind: 'file',
    help: 'log in with this private key; its passphrase is asked for when needed',
  },
  agent: { type: 'boolean', help: 'log in with the keys of the SSH agent (default)' },
  'password-stdin': {
    type: 'boolean',
    help: "log in with the password on standard input, which goes to the system's keychain",
  },
  through: {
    type: 'string',
    word: 'NAME',
    kind: 'host',
    help: "go through this saved host (a jump host); '' = directly",
  },
  'rsync-path': {
    type: 'string',
    word: 'PROGRAM',
    kind: 'text',
    help: 'rsync on the server, if it is not on the PATH there',
  },
} as const;

const FINGERPRINT = {
  type: 'string',
  word: 'SHA256:…',
  kind: 'text',
  help: "the server's key, as its administrator gave it",
} as const;

/** Commands about servers. */
export const HOST_COMMANDS = {
  'host add': {
    summary: 'saves a server',
    about: 'Without --fingerprint or --trust-first its key is shown and confirmed at the first connection.',
    args: [{ ...HOST_NAME, kind: 'text' }],
    options: {
      ...LOGIN_OPTIONS,
      fingerprint: FINGERPRINT,
      'trust-first': { type: 'boolean', help: 'connect now and trust the key the server shows' },
    },
    examples: [
      'driftline host add nas --address 192.168.1.5 --user me --agent --trust-first',
      'pass show nas | driftline host add nas --address nas.lan --user me --password-stdin',
    ],
  },
  'host edit': {
    summary: 'changes a saved server',
    about: 'Only what is given changes. Another address or port forgets the accepted key and the password.',
    args: [HOST_NAME],
    options: {
      name: { type: 'string', word: 'NAME', kind: 'text', help: 'another name' },
      ...LOGIN_OPTIONS,
      fingerprint: FINGERPRINT,
    },
    examples: ['driftline host edit nas --port 2222', 'driftline host edit nas --key ~/.ssh/id_ed25519'],
  },
  'host list': {
    summary: 'the saved servers',
    args: [],
    options: {},
    examples: ['driftline host list --json'],
  },
  'host test': {
    summary: 'connects, looks for rsync and free space',
    about:
      'Connects, asks about an unknown server, logs in, looks for rsync, and tells the free space of the home folder and of folders that profiles write to.',
    args: [HOST_NAME],
    options: {},
    examples: ['driftline host test nas'],
  },
  'host import': {
    summary: 'saves names of ~/.ssh/config',
    about: 'Without names it says which there are. Jump hosts come along. Nothing in the file is run.',
    args: [{ word: 'NAME', kind: 'text', what: 'A name of ~/.ssh/config', optional: true, rest: true }],
    options: { all: { type: 'boolean', help: 'all that are not saved yet' } },
    examples: ['driftline host import', 'driftline host import nas web', 'driftline host import --all'],
  },
  'host keys': {
    summary: 'the private keys in ~/.ssh',
    about: 'Names and kinds, for --key; contents are never shown.',
    args: [],
    options: {},
    examples: ['driftline host keys'],
  },
  'host forget-key': {
    summary: 'forgets the accepted key of a server',
    about: `After a server was set up anew: forgets its accepted key and the password that was meant for it. The next “driftline host test” shows the new key.`,
    args: [HOST_NAME],
    options: {},
    examples: ['driftline host forget-key nas'],
  },
  'host remove': {
    summary: 'forgets a server and its password',
    about: 'One that a profile or the way to another server needs stays.',
    args: [HOST_NAME],
    options: {},
    examples: ['driftline host remove nas'],
  },
} as const satisfies Record<string, CommandSpec>;
