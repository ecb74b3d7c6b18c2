import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { bytesToText, type PathText } from '../../shared/model/path.ts';
import type { PlanAction, PlanReason, PlanRow } from '../../shared/model/preview.ts';
import { DEFAULT_PROFILE_OPTIONS, type Profile } from '../../shared/model/profile.ts';
import type { RunOutcome, RunResult, RunSnapshot, RunTotals } from '../../shared/model/run.ts';

export const path = (text: string) => text as PathText;
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const HOUR = 3_600_000;

/** Names that break careless screens. */
export const ODD_NAMES: readonly PathText[] = [
  path('<img src=x onerror=alert(1)>'),
  path('مجلد الصور/صيف ٢٠٢٥/شاطئ.jpg'),
  path('תמונות/קיץ/חוף הים.jpg'),
  path('evil\u202egpj.exe'),
  bytesToText('caf\xe9/na\xefve \xff\xfe.txt'),
  path('new\nline and \u001b[31mescape'),
  path(`${'deeply/nested/'.repeat(12)}leaf.txt`),
  path(`a-file-name-that-goes-on-${'and-on-'.repeat(24)}to-its-end.tar.gz`),
  path('日本語のとても長いフォルダー名/写真/夏休み.heic'),
  path('👩‍👩‍👧‍👦 family/🏖️.png'),
];

export const HOSTS: Host[] = [
  {
    id: id(1),
    name: 'backup',
    address: 'backup.example.net',
    port: 22,
    user: 'ada',
    auth: { kind: 'key', keyPath: path('/home/ada/.ssh/id_ed25519') },
    rsyncPath: '',
    jumpHostId: null,
    hostKey: { algorithm: 'ssh-ed25519', fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s' },
    createdAt: 0,
  },
  {
    id: id(2),
    name: 'nas in the basement, second shelf, the one that beeps when it is too warm',
    address: 'fd00:5ca1:ab1e::2',
    port: 2222,
    user: 'mirror',
    auth: { kind: 'password' },
    rsyncPath: '',
    jumpHostId: null,
    hostKey: null,
    createdAt: 0,
  },
  {
    id: id(3),
    name: 'web',
    address: 'www.example.org',
    port: 22,
    user: 'deploy',
    auth: { kind: 'agent' },
    rsyncPath: '',
    jumpHostId: null,
    hostKey: { algorithm: 'ecdsa-sha2-nistp256', fingerprint: 'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8' },
    createdAt: 0,
  },
];

export const ZERO: RunTotals = {
  filesTotal: 12_408,
  filesTransferred: 0,
  created: 0,
  deleted: 0,
  totalSize: 38_240_000_000,
  transferredSize: 0,
  literal: 0,
  matched: 0,
  sent: 412_000,
  received: 88_000,
};
export const SOME: RunTotals = {
  ...ZERO,
  filesTransferred: 214,
  created: 31,
  deleted: 3,
  transferredSize: 2_400_000_000,
  literal: 3_100_000,
  matched: 2_396_900_000,
  sent: 3_900_000,
  received: 12_400_000,
};

export function result(n: number, outcome: RunOutcome, hoursAgo: number, totals: RunTotals = SOME): RunResult {
  const errors: Partial<Record<RunOutcome, RunResult['error']>> = {
    failed: fail('connect', 'refused', 'backup.example.net refused the connection on port 22.').data,
    'needs-attention': fail(
      'guard',
      'many-deletions',
      '9,120 of 12,408 entries of the destination would be deleted; the source has only 12.',
      {
        hint: 'Are the source and the destination the right way round? If so, confirm.',
        findings: [
          {
            code: 'many-deletions',
            message: '9,120 of 12,408 entries of the destination would be deleted; the source has only 12.',
            hint: 'Are the source and the destination the right way round? If so, confirm.',
            confirmable: true,
            facts: [
              { name: 'deletions', value: 9120 },
              { name: 'destination-entries', value: 12_408 },
              { name: 'source-entries', value: 12 },
            ],
          },
          {
            code: 'source-volume',
            message:
              'The source “/home/ada/Mail” was on /media/ada/مجلد (ext4, /dev/sdb1) at the last good run and is now on / (ext4, /dev/sda1).',
            hint: 'Is the disk or share connected? If the change is meant, confirm it.',
            confirmable: true,
            facts: [
              { name: 'source', value: '/home/ada/Mail' },
              { name: 'before', value: '/media/ada/مجلد' },
              { name: 'now', value: '/' },
            ],
          },
        ],
      },
    ).data,
  };
  const endedAt = Date.now() - hoursAgo * HOUR;
  return {
    runId: id(1000 + n),
    outcome,
    startedAt: endedAt - 124_000,
    endedAt,
    totals,
    issueCount: outcome === 'partial' ? 7 : 0,
    error: errors[outcome] ?? null,
    exitCode: 0,
  };
}

function profile(
  n: number,
  name: string,
  source: string,
  hostId: string | null,
  dest: string,
  more: Partial<Profile> = {},
): Profile {
  return {
    id: id(100 + n),
    name,
    tags: [],
    source: { kind: 'local', paths: [path(source)] },
    destination: hostId === null ? { kind: 'local', path: path(dest) } : { kind: 'host', hostId, path: path(dest) },
    contentsOnly: false,
    options: DEFAULT_PROFILE_OPTIONS,
    createdAt: 0,
    lastRun: null,
    ...more,
  };
}

const MIRROR = { ...DEFAULT_PROFILE_OPTIONS, delete: true };

export const PROFILES: Profile[] = [
  profile(1, 'Photos', '/home/ada/Pictures/Photos', id(1), '/srv/mirror', {
    lastRun: result(1, 'success', 2),
    options: MIRROR,
  }),
  profile(2, 'Web site', '/home/ada/work/site/public', id(3), '/var/www/html', {
    contentsOnly: true,
    lastRun: result(2, 'success', 26, ZERO),
  }),
  profile(3, 'Mail archive', '/home/ada/Mail', id(2), '/volume1/backup/mail', {
    lastRun: result(3, 'needs-attention', 0.3),
    options: MIRROR,
  }),
  profile(4, 'Documents', '/home/ada/Documents', id(1), '/srv/mirror', { lastRun: result(4, 'failed', 5, ZERO) }),
  profile(
    5,
    'A profile whose name somebody really thought about for a long time before they typed it all in',
    `/home/ada/${'a rather long folder name/'.repeat(6)}end`,
    id(2),
    `/volume1/${'another long one/'.repeat(8)}target`,
    { lastRun: result(5, 'partial', 400), contentsOnly: true },
  ),
  profile(6, 'صور العائلة', '/home/ada/صور/العائلة', id(1), '/srv/mirror/صور', { options: MIRROR }),
  profile(7, '<img src=x onerror=alert(1)>', '/home/ada/<img src=x onerror=alert(1)>', null, '/mnt/usb/copies', {
    lastRun: result(7, 'cancelled', 9),
  }),
];

export function manyProfiles(count = 300): Profile[] {
  return Array.from({ length: count }, (_, n) => {
    const base = PROFILES[n % PROFILES.length]!;
    const tags = [['home', 'weekly'], [], ['work'], ['صور', 'a tag that is as long as tags may be, just']][n % 4]!;
    return { ...base, tags, id: id(200 + n), name: n < PROFILES.length ? base.name : `${base.name} ${n}` };
  });
}

export function snapshot(p: Profile, run: RunResult | null, more: Partial<RunSnapshot> = {}): RunSnapshot {
  const totals = run?.totals ?? SOME;
  return {
    runId: run?.runId ?? id(5000),
    profileId: p.id,
    profileName: p.name,
    startedAt: run?.startedAt ?? Date.now() - 64_000,
    progress: {
      phase: run === null ? 'transferring' : 'ended',
      name: path('2025/08 Summer/IMG_2041.heic'),
      filesDone: 3120,
      filesTotal: 12_408,
      bytesDone: 1_240_000_000,
      bytesTotal: 2_400_000_000,
      listComplete: true,
      literal: totals.literal,
      matched: totals.matched,
      sent: totals.sent,
      received: totals.received,
      rate: 38_200_000,
      etaSeconds: 31,
    },
    issues:
      run?.outcome === 'partial'
        ? ODD_NAMES.slice(0, 7).map((name) => ({
            code: 'changed-since-preview',
            path: name,
            message: 'Changed since the preview; left as it is.',
          }))
        : [],
    issueCount: run?.issueCount ?? 0,
    itemCount: 214,
    result: run,
    ...more,
  };
}

const ACTIONS: readonly [PlanAction, PlanReason][] = [
  ['create', 'missing'],
  ['update', 'size'],
  ['update', 'time'],
  ['attributes', 'permissions'],
  ['delete', 'not-in-source'],
];

/** Row n of a plan of 100,000. */
export function planRow(n: number): PlanRow {
  const [action, reason] = ACTIONS[n % 7 < 5 ? n % 7 : 0]!;
  const odd = ODD_NAMES[n];
  const isDir = odd === undefined && n % 23 === 0;
  const source = {
    ...{ size: 1000 + ((n * 7919) % 90_000_000), mtime: 1_756_000_000 + n * 61 },
    ...{ mode: isDir ? 0o040755 : 0o100644, uid: 1000, gid: 100, link: null },
  };
  return {
    index: n,
    path:
      odd ?? path(`Photos/${2000 + (n % 26)}/album ${n % 97}/IMG_${String(n).padStart(6, '0')}${isDir ? '' : '.heic'}`),
    kind: isDir ? 'dir' : n % 31 === 0 && odd === undefined ? 'link' : 'file',
    action,
    reason,
    itemized: action === 'delete' ? '*deleting  ' : '>f.st......',
    source: action === 'delete' ? null : source,
    destination:
      action === 'create' ? null : { ...source, size: Math.floor(source.size * 0.9), mtime: source.mtime - 86_400 },
    ticked: true,
    excludedBy: null,
  };
}
