import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { type ByteString, joinPath } from '../../../shared/model/path.ts';
import { fsError } from './fs-error.ts';
import { native } from './native-path.ts';
import { ownIdentity, type ProcessIdentity } from './process-identity.ts';

/**
 * The journal of one run: the name of every temporary entry is written before the entry is made, so that the next
 * start can remove what a killed run left (sweep.ts) and nothing else. One small append per entry (about 2 µs), no
 * fsync: the promise is about killed processes, whose finished writes the kernel keeps.
 *
 * Layout (bytes): header `driftline-journal 1 PID START` NUL, then records, each ended by NUL:
 * `f|l|n ROOTLENGTH RELLENGTH ROOTREL` (regular file, symlink, node) or `-` (the record before was not ours after all).
 * The lengths make a torn record recognizable: it must never name a shorter path than was meant.
 */
export interface Journal {
  /** Records a temporary entry that is about to be made. @throws fs if the journal cannot be written */
  add(kind: TempKind, root: ByteString, rel: ByteString): void;
  /** The latest `add` met an entry of that name which is not ours. */
  withdraw(): void;
  /** One recorded entry no longer exists under its temporary name. */
  done(): void;
  /** Ends the run: removes the journal unless an entry could not be removed. Idempotent. */
  close(): void;
}

export type TempKind = 'f' | 'l' | 'n';

export interface JournalRecord {
  kind: TempKind;
  root: ByteString;
  rel: ByteString;
}

export const JOURNAL_NAME = /^run-\d+-[0-9a-f]+\.journal$/;
const MAGIC = 'driftline-journal 1';
/** An idle journal longer than this is cut back to its header. */
const CUT_AT = 64 * 1024;

/**
 * Opens the journal of a run in `folder`, made with mode 0700 if missing. The file (0600) appears with the first record.
 * @param folder null = keep no journal; a killed run then leaves its temporary files
 */
export function openJournal(folder: ByteString | null): Journal {
  return folder === null ? NO_JOURNAL : new FileJournal(folder);
}

export const NO_JOURNAL: Journal = { add() {}, withdraw() {}, done() {}, close() {} };

class FileJournal implements Journal {
  readonly #folder: ByteString;
  #path: ByteString = '';
  #fd = -1;
  #header = 0;
  #size = 0;
  #outstanding = 0;
  #torn = false;

  constructor(folder: ByteString) {
    this.#folder = folder;
  }

  add(kind: TempKind, root: ByteString, rel: ByteString): void {
    if (this.#fd < 0) this.#create();
    this.#append(`${kind} ${root.length} ${rel.length} ${root}${rel}\0`);
    this.#outstanding++;
  }

  withdraw(): void {
    this.#append('-\0');
    this.done();
  }

  done(): void {
    this.#outstanding--;
    if (this.#outstanding > 0 || this.#size < CUT_AT) return;
    try {
      fs.ftruncateSync(this.#fd, this.#header);
      this.#size = this.#header;
    } catch (error) {
      throw fsError(error, 'shorten', this.#path);
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    fs.closeSync(this.#fd);
    this.#fd = -1;
    if (this.#outstanding > 0) return;
    try {
      fs.unlinkSync(native(this.#path));
    } catch (error) {
      throw fsError(error, 'remove', this.#path);
    }
  }

  #create(): void {
    this.#path = joinPath(this.#folder, `run-${process.pid}-${randomBytes(8).toString('hex')}.journal`);
    try {
      fs.mkdirSync(native(this.#folder), { recursive: true, mode: 0o700 });
      const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
      this.#fd = fs.openSync(native(this.#path), O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600);
    } catch (error) {
      throw fsError(error, 'create', this.#path);
    }
    const { pid, start } = ownIdentity();
    this.#append(`${MAGIC} ${pid} ${start}\0`);
    this.#header = this.#size;
  }

  #append(record: ByteString): void {
    // After a short write, NUL ends the torn record so that this one stands alone.
    const text = this.#torn ? `\0${record}` : record;
    let written = 0;
    try {
      written = fs.writeSync(this.#fd, text, null, 'latin1');
      if (written < text.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      this.#torn = false;
    } catch (error) {
      if (written > 0) this.#torn = true;
      throw fsError(error, 'write', this.#path);
    } finally {
      this.#size += written;
    }
  }
}

/**
 * Reads a journal. Torn, malformed and withdrawn records are left out.
 * @returns null if there is no whole header, that is if the run was killed before its first record
 */
export function parseJournal(bytes: ByteString): { owner: ProcessIdentity; records: JournalRecord[] } | null {
  const parts = bytes.split('\0');
  parts.pop(); // what follows the last NUL is torn, or nothing
  const header = /^driftline-journal 1 (\d{1,10}) (\S*)$/.exec(parts.shift() ?? '');
  if (header === null) return null;
  const records: JournalRecord[] = [];
  for (const part of parts) {
    if (part === '-') records.pop();
    const fields = /^([fln]) (\d{1,6}) (\d{1,6}) /.exec(part);
    if (fields === null) continue;
    const rootLength = Number(fields[2]);
    const text = part.slice(fields[0].length);
    if (text.length !== rootLength + Number(fields[3])) continue;
    records.push({ kind: fields[1] as TempKind, root: text.slice(0, rootLength), rel: text.slice(rootLength) });
  }
  return { owner: { pid: Number(header[1]), start: header[2]! }, records };
}
