import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { SUPPORTED_CHECKSUMS } from '../checksum/strong.ts';
import { checksumChoice } from './checksum-choice.ts';
import { COMPRESS_ROWS } from './compress-options.ts';
import { flag, integer, type OptionGroup, type OptionState, shown, size, value } from './option-row.ts';
import { parseInteger } from './size.ts';
import { parseStopAt } from './stop-time.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../wire/constants.ts';

/** Longest block on protocol 30 and later, in bytes (reference §12.2). */
const MAX_BLOCK = 131072;
const MEBIBYTE = 1024 * 1024;

function protocol(text: ByteString): number {
  const number = parseInteger(text);
  if (number === null) throw fail('usage', 'bad-value', `--protocol=${shown(text)}: invalid numeric value`);
  if (number < PROTOCOL_MIN || number > PROTOCOL_MAX) {
    const range = `from ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
    throw fail('usage', 'bad-value', `--protocol must be ${range}, not ${number}`, { exitCode: 2 });
  }
  return number;
}

/** Bytes for `--max-alloc`, or null for the default; 0 lifts the limit. */
export function maxAlloc(text: ByteString): number | null {
  const bytes = size('max-alloc', text, { min: { bytes: MEBIBYTE, text: '1.00M', zeroIsUnlimited: true } });
  return bytes === 0 ? Infinity : bytes === 1024 * MEBIBYTE ? null : bytes;
}

function bwlimit({ options }: OptionState, text: ByteString): void {
  const min = { bytes: 512, text: '512', zeroIsUnlimited: true };
  options.bwlimit = Math.floor((size('bwlimit', text, { unit: 'K', min }) + 512) / 1024);
}

function stopAfter({ options }: OptionState, text: ByteString): void {
  const minutes = /^\d+$/.test(text) ? Number(text) : 0;
  if (minutes <= 0) throw fail('usage', 'bad-value', `invalid --stop-after value: ${shown(text)}`);
  options.stopAt = Date.now() + minutes * 60_000;
}

function stopAt({ options }: OptionState, text: ByteString): void {
  const now = Date.now();
  const at = parseStopAt(text, now);
  if (at === null) throw fail('usage', 'bad-value', `invalid --stop-at format: ${shown(text)}`);
  if (at <= now) throw fail('usage', 'bad-value', `--stop-at time is not in the future: ${shown(text)}`);
  options.stopAt = at;
}

function rsh(state: OptionState, text: ByteString): void {
  if (state.server) state.capabilities = text.replace(/^[^.]*\.?/, '');
  else state.options.rsh = text === '' ? null : text;
}

function remoteOption({ remoteOptions }: OptionState, text: ByteString): void {
  if (!text.startsWith('-')) throw fail('usage', 'bad-value', `Remote option must start with a dash: ${shown(text)}`);
  remoteOptions.push(text);
}

/** Checksums, compression, connection and limits (rows E2, E3, E6, E12 and E13 of the features). */
export const WIRE_OPTIONS: OptionGroup = {
  title: 'Connection, checksums, limits',
  rows: [
    value('rsh', { short: 'e', metavar: 'COMMAND' }, 'remote shell to use instead of the built-in ssh', rsh),
    value('rsync-path', { metavar: 'PROGRAM' }, 'rsync to run on the remote machine', ({ options }, text) => {
      options.rsyncPath = text;
    }),
    value('remote-option', { short: 'M', metavar: 'OPT' }, 'give this option to the remote side alone', remoteOption),
    flag(
      'secluded-args',
      { short: 's', aliases: ['protect-args'] },
      'send paths and options over the connection, out of the remote shell’s sight',
      (state) => (state.secludedArgs = true),
      (state) => (state.secludedArgs = false),
    ),
    flag(
      'old-args',
      {},
      'let the remote shell split and expand paths; twice: every word',
      (state) => (state.oldArgs = (state.oldArgs ?? 0) + 1),
      (state) => (state.oldArgs = 0),
    ),
    value(
      'iconv',
      { metavar: 'CHARSET[,REMOTE]' },
      'convert names between these charsets (“.” = the locale’s, “-” = none)',
      ({ options }, text) => (options.iconv = text),
      ({ options }) => (options.iconv = null),
    ),
    flag('trust-sender', {}, "do not compare the remote side's list with what was asked for", ({ options }) => {
      options.trustSender = true;
    }),
    flag(
      'blocking-io',
      {},
      'blocking pipes for the remote shell',
      ({ options }) => (options.blockingIo = true),
      ({ options }) => (options.blockingIo = false),
    ),
    flag('ipv4', { short: '4' }, 'prefer IPv4', ({ options }) => (options.ipVersion = 4)),
    flag('ipv6', { short: '6' }, 'prefer IPv6', ({ options }) => (options.ipVersion = 6)),
    value('port', { metavar: 'PORT' }, 'port of the rsync daemon', ({ options }, text) => {
      options.port = integer('port', text, 0, 65535) || null;
    }),
    value('address', { metavar: 'ADDRESS' }, 'own address for the connection to a daemon', ({ options }, text) => {
      options.address = text;
    }),
    value('sockopts', { metavar: 'OPTIONS' }, 'options of the socket to a daemon', ({ options }, text) => {
      options.sockopts = text;
    }),
    value('password-file', { metavar: 'FILE' }, "read a daemon's password from a file", ({ options }, text) => {
      options.passwordFile = text;
    }),
    value('early-input', { metavar: 'FILE' }, "send a file to a daemon's early exec", ({ options }, text) => {
      options.earlyInput = text;
    }),
    flag(
      'motd',
      {},
      "show a daemon's message of the day (the default)",
      ({ options }) => (options.motd = true),
      ({ options }) => (options.motd = false),
    ),
    value(
      'contimeout',
      { metavar: 'SECONDS' },
      'give up when a daemon does not answer for so long',
      ({ options }, text) => (options.contimeout = integer('contimeout', text, 0, 0x7fffffff)),
      ({ options }) => (options.contimeout = 0),
    ),
    value(
      'timeout',
      { metavar: 'SECONDS' },
      'give up when nothing moves for so long',
      ({ options }, text) => (options.timeout = Math.max(0, integer('timeout', text, -0x80000000, 0x7fffffff))),
      ({ options }) => (options.timeout = 0),
    ),
    value('bwlimit', { metavar: 'RATE' }, 'KiB to send each second at most', bwlimit, ({ options }) => {
      options.bwlimit = 0;
    }),
    value('stop-after', { aliases: ['time-limit'], metavar: 'MINS' }, 'stop after so many minutes', stopAfter),
    value('stop-at', { metavar: 'y-m-dTh:m' }, 'stop at this time', stopAt),
    value('max-alloc', { metavar: 'SIZE' }, 'memory one allocation may take', ({ options }, text) => {
      options.maxAlloc = maxAlloc(text);
    }),
    value('block-size', { short: 'B', metavar: 'SIZE' }, 'use one block size for all files', ({ options }, text) => {
      options.blockSize = size('block-size', text, {
        max: { bytes: MAX_BLOCK, text: '128.00K' },
        hint: 'The protocol allows blocks of up to 131072 bytes; leave the option out to let each file choose its own.',
      });
    }),
    value(
      'checksum-choice',
      { aliases: ['cc'], metavar: 'NAME' },
      `use this checksum: ${SUPPORTED_CHECKSUMS.join(', ')}`,
      ({ options }, text) => (options.checksumChoice = checksumChoice(text)),
    ),
    value('checksum-seed', { metavar: 'NUM' }, 'use this seed for block checksums', ({ options }, text) => {
      options.checksumSeed = integer('checksum-seed', text, -0x80000000, 0x7fffffff);
    }),
    ...COMPRESS_ROWS,
    value(
      'protocol',
      { metavar: 'NUM' },
      `speak no newer protocol than this (${PROTOCOL_MIN} to ${PROTOCOL_MAX})`,
      ({ options }, text) => {
        options.protocol = protocol(text);
      },
    ),
  ],
};
