import type { Socket } from 'node:net';
import { displayPath } from '../../../shared/model/path.ts';

/** Names of rsync's `--sockopts` that Node has no door to: they are said to be left alone. */
const UNREACHABLE = new Set([
  'SO_BROADCAST',
  'SO_REUSEADDR',
  'IPTOS_LOWDELAY',
  'IPTOS_THROUGHPUT',
  'SO_SNDBUF',
  'SO_RCVBUF',
  'SO_SNDLOWAT',
  'SO_RCVLOWAT',
  'SO_SNDTIMEO',
  'SO_RCVTIMEO',
]);

/** Sets what `--sockopts` asks for: names separated by blanks or commas, each alone or with `=1` or `=0`. */
export function setSocketOptions(socket: Socket, text: string, notice: (text: string) => void): void {
  for (const item of text.split(/[ \t,]+/)) {
    if (item === '') continue;
    const [name, value] = item.split('=', 2) as [string, string | undefined];
    const on = value === undefined || Number(value) !== 0;
    if (name === 'TCP_NODELAY') socket.setNoDelay(on);
    else if (name === 'SO_KEEPALIVE') socket.setKeepAlive(on);
    else if (UNREACHABLE.has(name)) notice(`Socket option ${name} cannot be set by this program and is left as it is`);
    else notice(`Unknown socket option ${displayPath(name)}`);
  }
}
