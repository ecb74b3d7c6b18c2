import { createFileSum } from '../../electron/engine/checksum/strong.ts';
import { EntryFlag, entryName, type FileEntry } from '../../electron/engine/flist/entry.ts';
import { sortEntries } from '../../electron/engine/flist/sort.ts';
import { isDir, isReg, ItemFlag, Ndx } from '../../electron/engine/wire/constants.ts';
import type { Item, ScriptedPeer } from './scripted-peer.ts';

/** Whole conversations by the rules, which a test changes in one place (see `scripted-peer.ts`). */

/** A file to send: entry fields, and content whose length need not be what the entry says. */
export type Sent = Partial<FileEntry> & { content?: string };

export const TOP = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
export const dot: Sent = { dir: '', base: '.', mode: 0o040755, flags: TOP };
export const folder = (name: string, more: Sent = {}): Sent =>
  named(name, { mode: 0o040755, flags: EntryFlag.CONTENT_DIR, ...more });
export const file = (name: string, content: string, more: Sent = {}): Sent =>
  named(name, { mode: 0o100644, content, size: content.length, ...more });

function named(name: string, more: Sent): Sent {
  const slash = name.lastIndexOf('/');
  return { dir: slash < 0 ? '' : name.slice(0, slash), base: name.slice(slash + 1), ...more };
}

export interface SenderChanges {
  /** Sends the list in place of the script. */
  list?: (peer: ScriptedPeer, entries: Sent[]) => void;
  /** Before anything that answers the nth request for content (from 0). */
  before?: (peer: ScriptedPeer, request: Item, nth: number) => void;
  /** What is answered instead of the item and sum head that were asked for. */
  item?: (request: Item) => Item;
  /** Writes tokens, end included, in place of the content. */
  tokens?: (peer: ScriptedPeer, request: Item) => void;
  /** Another whole-file sum. */
  sum?: (sum: Uint8Array) => Uint8Array;
  /** Before the nth NDX_DONE (from 1) is answered. */
  done?: (peer: ScriptedPeer, nth: number) => void;
}

/**
 * Plays a sender, client or server, over one whole list or (where that was agreed on) over one list per folder.
 * @param entries folders before what is in them
 */
export async function playSender(peer: ScriptedPeer, entries: Sent[], changes: SenderChanges = {}): Promise<void> {
  const { conn } = peer;
  const { data } = conn.output;
  const { numbers, lists } = changes.list ? sendNothing(peer, entries, changes.list) : sendLists(peer, entries);
  let listsLeft = lists;
  let asked = 0;
  for (let dones = 0; dones < 5;) {
    const request = await peer.request();
    if (request.ndx === Ndx.DEL_STATS) continue;
    if (request.ndx === Ndx.DONE) {
      if (listsLeft > 0 && --listsLeft > 0) data.ndx(Ndx.DONE);
      else {
        dones++;
        changes.done?.(peer, dones);
        if (dones < 5) data.ndx(Ndx.DONE);
        if (dones === 3 && conn.isServer) for (let i = 0; i < 5; i++) data.varlong(1, 3);
      }
    } else if (request.iflags & ItemFlag.TRANSFER) {
      changes.before?.(peer, request, asked++);
      const { ndx, iflags, head } = changes.item?.(request) ?? request;
      peer.reply(ndx, iflags, head);
      const content = numbers.get(request.ndx)?.content ?? '';
      if (changes.tokens) changes.tokens(peer, request);
      else literal(peer, content);
      const fileSum = createFileSum(conn.agreed.transferSum);
      fileSum.reset();
      fileSum.update(Buffer.from(content, 'latin1'), 0, content.length);
      const sum = fileSum.digest();
      const sent = changes.sum?.(sum) ?? sum;
      data.bytes(sent, 0, sent.length);
    } else peer.reply(request.ndx, request.iflags & ~(ItemFlag.BASIS_TYPE_FOLLOWS | ItemFlag.XNAME_FOLLOWS));
    conn.output.flush();
  }
}

/** One literal token and the end. */
export function literal(peer: ScriptedPeer, content: string): void {
  const { data } = peer.conn.output;
  if (content !== '') {
    data.i32(content.length);
    data.string(content);
  }
  data.i32(0);
}

interface Numbered {
  numbers: Map<number, Sent>;
  /** Incremental lists. */
  lists: number;
}

function sendNothing(peer: ScriptedPeer, entries: Sent[], list: NonNullable<SenderChanges['list']>): Numbered {
  list(peer, entries);
  return { numbers: new Map(), lists: 0 };
}

function sendLists(peer: ScriptedPeer, entries: Sent[]): Numbered {
  const numbers = new Map<number, Sent>();
  const number = (list: Sent[], from: number): void => {
    const sorted = [...list] as FileEntry[];
    sortEntries(sorted);
    sorted.forEach((entry, i) => numbers.set(from + i, entry));
  };
  if (!peer.conn.agreed.incRecurse) {
    peer.list(entries);
    number(entries, 0);
    return { numbers, lists: 0 };
  }
  const inside = (dir: string): Sent[] => entries.filter((entry) => (entry.dir ?? '') === dir);
  const first = inside('');
  peer.list(first);
  number(first, 1);
  let next = 1 + first.length + 1;
  let lists = 1;
  const folders = first.filter(({ mode }) => isDir(mode ?? 0));
  for (let i = 0; i < folders.length; i++) {
    if (folders[i]!.base === '.') continue;
    const contents = inside(entryName(folders[i] as FileEntry));
    peer.subList(i, contents);
    number(contents, next);
    next += contents.length + 1;
    lists++;
    folders.push(...contents.filter(({ mode }) => isDir(mode ?? 0)));
  }
  peer.lastList();
  return { numbers, lists };
}

export interface ReceiverChanges {
  /** Another request for the content of a file. */
  item?: (request: Item) => Item;
  /** Behind a request; block sums belong here. */
  behind?: (peer: ScriptedPeer, request: Item) => void;
  /** Before the nth NDX_DONE (from 1). */
  done?: (peer: ScriptedPeer, nth: number) => void;
}

/** Plays a receiver, client or server, of one whole list: asks for every file. @returns what came, by number */
export async function playReceiver(peer: ScriptedPeer, changes: ReceiverChanges = {}): Promise<Map<number, Buffer>> {
  const { conn } = peer;
  const { data } = conn.output;
  const entries = await peer.readList();
  sortEntries(entries);
  for (const [ndx, entry] of entries.entries()) {
    if (!isReg(entry.mode)) continue;
    const asked = { ndx, iflags: ItemFlag.TRANSFER | ItemFlag.IS_NEW, head: [0, 0, 0, 0] };
    const request = changes.item?.(asked) ?? asked;
    peer.reply(request.ndx, request.iflags, request.head);
    changes.behind?.(peer, request);
  }
  const contents = new Map<number, Buffer>();
  for (let dones = 1; dones <= 4; dones++) {
    changes.done?.(peer, dones);
    data.ndx(Ndx.DONE);
    conn.output.flush();
    for (;;) {
      const reply = await peer.request();
      if (reply.ndx === Ndx.DONE) break;
      contents.set(reply.ndx, await peer.content());
    }
    if (dones === 3 && !conn.isServer) await conn.input.parse((r) => [1, 2, 3, 4, 5].map(() => r.varlong(3)));
  }
  data.ndx(Ndx.DONE);
  await peer.wait();
  return contents;
}
