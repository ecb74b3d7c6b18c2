import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { fingerprint, HostKeys, keyType, knownHostsName, matchPattern, rsaBits } from './known-hosts.ts';

/** A key blob: type and one field. */
function key(type: string, fill: number): Buffer {
  const field = (data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, data]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.alloc(32, fill))]);
}

const A = key('ssh-ed25519', 1);
const B = key('ssh-ed25519', 2);
const ECDSA = key('ecdsa-sha2-nistp256', 3);

const line = (hosts: string, blob: Buffer): string => `${hosts} ${keyType(blob)} ${blob.toString('base64')} comment`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-known-'));
  file = join(folder, 'known_hosts');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hosts(lines: string[], host = 'example.org', port = 22): HostKeys {
  writeFileSync(file, lines.join('\n'));
  return new HostKeys({ own: null, readOnly: [file] }, host, port);
}

describe('names', () => {
  it.each([
    ['plain', ['example.org'], 'match'],
    ['another host', ['example.com'], 'unknown'],
    ['upper case in the file', ['EXAMPLE.org'], 'match'],
    ['a list', ['a,example.org,b'], 'match'],
    ['a wildcard', ['*.org'], 'match'],
    ['one character', ['exampl?.org'], 'match'],
    ['a negation first', ['!example.org,*'], 'unknown'],
    ['a negation last', ['*,!example.org'], 'unknown'],
    ['a negation of others', ['*,!example.com'], 'match'],
    ['only a negation of others', ['!example.com'], 'unknown'],
    ['a port of its own', ['[example.org]:2222'], 'unknown'],
  ])('%s', (_name, [pattern], verdict) => {
    expect(hosts([line(pattern!, A)]).judge(A).kind).toBe(verdict);
  });

  it('brackets hosts with a port, and falls back to the plain name only to accept', () => {
    expect(hosts([line('[example.org]:2222', A)], 'example.org', 2222).judge(A).kind).toBe('match');
    expect(hosts([line('example.org', A)], 'example.org', 2222).judge(A).kind).toBe('match');
    expect(hosts([line('example.org', B)], 'example.org', 2222).judge(A).kind).toBe('unknown');
    expect(knownHostsName('Example.ORG', 22)).toBe('example.org');
    expect(knownHostsName('::1', 2200)).toBe('[::1]:2200');
  });

  it('reads hashed names', () => {
    const salt = Buffer.alloc(20, 7);
    const hashed = (name: string): string =>
      `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
    expect(hosts([line(hashed('example.org'), A)]).judge(A).kind).toBe('match');
    expect(hosts([line(hashed('[example.org]:99'), A)], 'example.org', 99).judge(A).kind).toBe('match');
    expect(hosts([line(hashed('example.com'), A)]).judge(A).kind).toBe('unknown');
    expect(hosts([line('|1|broken', A), line('|2|a|b', A)]).judge(A).kind).toBe('unknown');
  });

  it('matches patterns without blowing up', () => {
    expect(matchPattern('*', '')).toBe(true);
    expect(matchPattern('a*b*c', 'aXbYc')).toBe(true);
    expect(matchPattern('a*b*c', 'aXbY')).toBe(false);
    expect(matchPattern('*a'.repeat(200), 'a'.repeat(400) + 'b')).toBe(false);
  });
});

describe('verdicts', () => {
  it('is a change when only other keys are known, of the same or of another type', () => {
    expect(hosts([line('example.org', B)]).judge(A)).toEqual({
      kind: 'changed',
      known: [{ type: 'ssh-ed25519', fingerprint: fingerprint(B), file, line: 1 }],
    });
    expect(hosts([line('example.org', ECDSA)]).judge(A).kind).toBe('changed');
  });

  it('is a match when any of several keys is the one shown', () => {
    expect(hosts([line('example.org', B), line('example.org', ECDSA), line('*', A)]).judge(A).kind).toBe('match');
  });

  it('refuses revoked keys wherever the line stands, and only those', () => {
    expect(hosts([line('example.org', A), line('@revoked *', A)]).judge(A)).toMatchObject({
      kind: 'revoked',
      at: { line: 2 },
    });
    expect(hosts([line('@revoked *', B), line('example.org', A)]).judge(A).kind).toBe('match');
    expect(hosts([line('@revoked example.org', B)]).judge(A).kind).toBe('unknown');
  });

  it('does not take certificate authorities for host keys', () => {
    const known = hosts([line('@cert-authority *', A)]);
    expect(known.judge(A).kind).toBe('unknown');
    expect(known.types).toEqual([]);
  });

  it('skips comments, blank and malformed lines', () => {
    const bad = [
      '# x',
      '',
      'example.org',
      'example.org ssh-ed25519',
      'example.org ssh-rsa ' + A.toString('base64'),
      '@odd ' + line('*', A),
    ];
    expect(hosts(bad).judge(A).kind).toBe('unknown');
    expect(hosts([...bad, `\t${line('example.org', A)}\r`]).judge(A).kind).toBe('match');
  });

  it('names the known types for the key exchange', () => {
    expect(hosts([line('example.org', ECDSA), line('*', A), line('example.com', B)]).types).toEqual([
      'ecdsa-sha2-nistp256',
      'ssh-ed25519',
    ]);
  });

  it('lets a pinned key overrule the files, except for revocation', () => {
    writeFileSync(file, `${line('example.org', A)}\n${line('@revoked *', ECDSA)}\n`);
    const pinned = (blob: Buffer) =>
      new HostKeys({ own: null, readOnly: [file], pinned: { fingerprint: fingerprint(blob) } }, 'example.org', 22);
    expect(pinned(B).judge(B).kind).toBe('match');
    expect(pinned(B).judge(A).kind).toBe('changed');
    expect(pinned(ECDSA).judge(ECDSA).kind).toBe('revoked');
  });
});

describe('our own file', () => {
  it('is made with 0600 and appended to, after an unfinished line too', () => {
    const own = join(folder, 'sub', 'hosts');
    new HostKeys({ own, readOnly: [] }, 'example.org', 22).save(A);
    expect(statSync(own).mode & 0o777).toBe(0o600);
    writeFileSync(own, readFileSync(own, 'utf8').trimEnd());
    new HostKeys({ own, readOnly: [] }, 'h', 2222).save(B);
    const text = readFileSync(own, 'utf8');
    expect(text.split('\n').map((item) => item.split(' ')[0])).toEqual(['example.org', '[h]:2222', '']);
    expect(new HostKeys({ own, readOnly: [] }, 'h', 2222).judge(B).kind).toBe('match');
  });

  it('is a refusal when it cannot be read, while others are skipped', () => {
    expect(() => new HostKeys({ own: folder, readOnly: [] }, 'h', 22)).toThrow(DriftlineError);
    expect(new HostKeys({ own: null, readOnly: [folder, join(folder, 'none')] }, 'h', 22).judge(A).kind).toBe(
      'unknown',
    );
  });
});

describe('key blobs', () => {
  it('gives types, fingerprints and RSA sizes', () => {
    expect(keyType(A)).toBe('ssh-ed25519');
    expect(keyType(Buffer.of(0, 0, 0, 9, 1))).toBe('');
    expect(fingerprint(A)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    const mpint = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, bytes.length, ...bytes]);
    const rsa = (...n: number[]): Buffer =>
      Buffer.concat([Buffer.from('\0\0\0\x07ssh-rsa', 'latin1'), mpint(1, 0, 1), mpint(...n)]);
    expect(rsaBits(rsa(0, 0x80, 0))).toBe(16);
    expect(rsaBits(rsa(0x01, 0))).toBe(9);
    expect(rsaBits(rsa())).toBe(0);
    expect(rsaBits(Buffer.from('\0\0\0\x07ssh-rsa', 'latin1'))).toBe(0);
  });
});
