import type { FoundKey, SshConfigHost } from '../../shared/model/host.ts';
import { path } from './samples.ts';

/** What a person's `.ssh` folder may hold. */
export const FOUND_KEYS: FoundKey[] = [
  { path: path('~/.ssh/id_ed25519'), type: 'ssh-ed25519', bits: null, comment: 'ada@laptop', encrypted: true },
  { path: path('~/.ssh/backup_rsa'), type: 'ssh-rsa', bits: 4096, comment: '', encrypted: false },
  {
    path: path('~/.ssh/a-key-with-quite-a-long-name-that-goes-on-and-on'),
    type: '',
    bits: null,
    comment: 'a comment that somebody wrote as if it were the place for a whole sentence about the key',
    encrypted: true,
  },
];

const draft = (name: string, address: string, keyPath: string | null) => ({
  ...{ name, address, port: 22, user: 'ada', rsyncPath: '', jumpHostId: null },
  auth: keyPath === null ? { kind: 'agent' as const } : { kind: 'key' as const, keyPath: path(keyPath) },
});

export const CONFIG_HOSTS: SshConfigHost[] = [
  { alias: 'backup', draft: draft('backup', 'backup.example.net', null), jumps: [], savedAs: 'backup', notes: [] },
  {
    alias: 'inner',
    draft: draft('inner', '10.0.0.7', '~/.ssh/id_ed25519'),
    jumps: ['bastion'],
    savedAs: null,
    notes: ['LocalCommand is not carried out.'],
  },
  { alias: 'bastion', draft: draft('bastion', 'bastion.example.org', null), jumps: [], savedAs: null, notes: [] },
  {
    alias: 'corp',
    draft: null,
    jumps: [],
    savedAs: null,
    notes: ['The SSH configuration reaches corp through another program.'],
  },
];
