import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { readPasswordFile } from './password-file.ts';

const OWN = { insecureLinks: false };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-password-'));
  file = join(folder, 'password');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string, mode = 0o600): string {
  writeFileSync(file, Buffer.from(text, 'latin1'));
  chmodSync(file, mode);
  return file;
}

function message(path = file): string {
  try {
    readPasswordFile(path, OWN);
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    expect(error.data).toMatchObject({ kind: 'usage', exitCode: 1 });
    return error.message;
  }
  throw new Error('did not fail');
}

describe('readPasswordFile', () => {
  it.each([
    ['s3cret\n', 's3cret'],
    ['s3cret', 's3cret'],
    ['s3cret\r\nmore\n', 's3cret'],
    ['\n\n a b \nmore', ' a b '],
    ['p\xe4ss\n', 'p\xe4ss'],
  ])('%j', (text, password) => expect(readPasswordFile(write(text), OWN)).toBe(password));

  it('reads no more than a password can be', () => {
    expect(readPasswordFile(write('x'.repeat(100_000)), OWN)).toHaveLength(8192);
  });

  it('refuses what is missing, empty, or open to others', () => {
    expect(message(join(folder, 'none'))).toContain('could not open password file');
    write('\r\n\n');
    expect(message()).toContain('failed to read a password from');
    for (const mode of [0o604, 0o602]) {
      write('s3cret', mode);
      expect(message()).toBe('password file must not be other-accessible');
    }
    write('s3cret', 0o640);
    expect(readPasswordFile(file, OWN)).toBe('s3cret');
  });

  it.runIf(process.getuid?.() === 0)('refuses to root what is not its own', () => {
    write('s3cret');
    chownSync(file, 65534, 0);
    expect(message()).toBe('password file must be owned by root when running as root');
  });
});
