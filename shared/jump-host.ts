/** A jump host as `ssh -J` and `ProxyJump` name one. */
export interface JumpName {
  name: string;
  user: string | null;
  port: number | null;
}

/** Reads `[user@]host[:port]`, or the same as an ssh:// address; null where it is none. */
export function readJump(text: string): JumpName | null {
  const match = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:[\]@]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const name = match?.[2] ?? match?.[3];
  if (match === null || name === undefined) return null;
  return { name, user: match[1] ?? null, port: match[4] === undefined ? null : Number(match[4]) };
}

/** The item of `-J` for a server; the port where it is not 22. */
export function formatJump({ user, address, port }: { user: string; address: string; port: number }): string {
  return `${user}@${bracketed(address)}${port === 22 ? '' : `:${port}`}`;
}

/** An address as it stands before a colon: IPv6 in brackets. */
export const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
