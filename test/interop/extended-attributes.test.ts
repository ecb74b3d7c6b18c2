import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';
import { device, dir, fifo, file, link, randomBytes, type Tree } from '../support/trees.ts';

/** Values longer than 32 bytes do not travel in the list. */
const LONG = 'x'.repeat(40);
const OTHER = 'y'.repeat(40);
const big = randomBytes(60_000, 71);

const tree: Tree = {
  plain: file('plain'),
  short: file('short'),
  long: file('long'),
  'long too': file('the same set'),
  both: file(big),
  empty: file('an empty value'),
  link: link('plain'),
  pipe: fifo(),
  sub: dir({ deep: file('deep'), inner: dir({}, { mode: 0o700 }) }),
};
const attributes = `
  cd "$SRC"
  setfattr -n user.a -v 1 short
  setfattr -n user.long -v ${LONG} long
  setfattr -n user.long -v ${LONG} 'long too'
  setfattr -n user.a -v 1 both; setfattr -n user.b -v ${OTHER} both; setfattr -n user.c -v ${LONG} both
  setfattr -n user.big -v 0x$(printf 'ab%.0s' {1..3000}) both
  setfattr -n user.e -v '' empty
  setfattr -n user.rsync.%foo -v 1 empty; setfattr -n user.rsync.bar -v 2 empty
  setfattr -n user.d -v ${LONG} sub; setfattr -n user.d -v 2 sub/deep; setfattr -n user.i -v 3 sub/inner
  setfattr -h -n trusted.l -v link link; setfattr -n trusted.p -v pipe pipe
  setfattr -n trusted.t -v ${LONG} plain; setfattr -n security.s -v 5 plain
`;
/** What stands at the destination before: equal, different, missing and superfluous attributes. */
const before = `
  cd dst
  setfattr -n user.a -v other short; setfattr -n user.x -v gone short
  setfattr -n user.long -v ${LONG} long
  setfattr -n user.long -v ${OTHER} 'long too'
  setfattr -n user.c -v ${LONG} both; setfattr -n user.rsync.%stat -v '100600 0,0 0:0' both
  setfattr -n user.d -v ${OTHER} sub
  setfattr -h -n trusted.m -v more link
  setfattr -n security.s -v 5 plain
`;
const changed: Tree = { ...tree, both: file(big.subarray(0, 50_000)), short: file('sho'), link: link('elsewhere') };

const acls = `
  cd "$SRC"
  setfacl -m u:daemon:rwx,g:daemon:r plain
  setfacl -m m::r short
  setfacl -m u:12345:rw,m::r long
  setfacl -m u:daemon:rwx,g:daemon:rw both; chmod g=rx both
  setfacl -m u:bin:rwx empty; chmod 4755 empty
  setfacl -d -m u:daemon:rwx,g:54321:rx sub
  setfacl -m u:bin:x sub/inner; setfacl -d -m g:bin:rx,m::r sub/inner
`;
const aclsBefore = `
  cd dst
  setfacl -m u:daemon:r plain
  setfacl -m u:bin:r short
  setfacl -m u:12345:rw long; chmod 600 long
  setfacl -m u:sys:r 'long too'; chmod 640 'long too'
  setfacl -m u:bin:rwx empty
  setfacl -d -m u:daemon:r sub; chmod 700 sub
  setfacl -m u:bin:rwx sub/deep
`;

const sameAcls = 'setfacl -m u:daemon:rwx,g:daemon:- "$SRC/sub" dst/sub';

const odd: Tree = {
  ...tree,
  owned: file('owned', { uid: 5, gid: 7, mode: 0o2755 }),
  readonly: file('r', { mode: 0o444 }),
  tty: device('char', 5, 9, { mode: 0o620 }),
  disk: device('block', 8, 300),
  closed: dir({ inside: file('i', { uid: 1, gid: 1 }) }, { mode: 0o500 }),
  sticky: dir({}, { mode: 0o1777, uid: 3, gid: 3 }),
};

/** A copy of the source beside it, by a server that is told to keep all in attributes. */
const farAway = `
  cd "$SRC/.."; rm -rf kept; printf '#!/bin/sh\\nshift; exec "$@"' >here; chmod 700 here
  rsync -aAXH -M--fake-super -e ./here src/ x:$PWD/kept/; cd - >/dev/null
`;
/** It as the destination, with other kinds, owners and modes. */
const kept = `
  cp -a "$SRC/../kept" dst; cd dst
  setfattr -x user.rsync.%stat owned; setfattr -n user.rsync.%stat -v '100644 0,0 9:9' readonly
  setfattr -n user.rsync.%stat -v '20620 5,8 0:0' tty; rm link; ln -s x link
`;

const scenario = (name: string, args: string[], prepare: string, more: Partial<Scenario> = {}): Scenario => ({
  ...{ name, args, prepare, source: tree, attributes: true },
  ...more,
});
/** A subshell each, as they change folders. */
const both = (...parts: string[]): string => parts.map((part) => `(${part})`).join('\n');

const SCENARIOS: Scenario[] = [
  scenario('attributes to nowhere', ['-aiX'], attributes, { alsoOld: true }),
  scenario('attributes, protocol 30', ['-aiX', '--protocol=30'], attributes),
  scenario('attributes without incremental recursion', ['-aiX', '--no-inc-recursive', '--protocol=31'], attributes),
  scenario('attributes over others', ['-aiX'], both(attributes, before), { destination: tree, alsoOld: true }),
  scenario('attributes over others, told and not carried out', ['-ainX'], both(attributes, before), {
    destination: tree,
  }),
  scenario('attributes with content', ['-aiX', '--no-whole-file'], both(attributes, before), { destination: changed }),
  scenario('attributes of backups of what is written in place', ['-abiX', '--inplace'], both(attributes, before), {
    destination: changed,
    routes: ['pull', 'local'],
  }),
  scenario('attributes with content in place', ['-aiX', '--inplace'], both(attributes, before), {
    destination: changed,
    routes: ['push', 'pull', 'pull by rsync'],
  }),
  scenario('attributes without times or permissions', ['-rliX'], both(attributes, before), {
    ...{ destination: tree, times: false },
    routes: ['push', 'push from rsync'],
  }),
  scenario("rsync's own attributes", ['-aiXX'], both(attributes, before), { destination: tree }),
  scenario(
    'rules about attributes',
    ['-aiX', '-f-x user.a', '-f-x system.*', '-f-xr trusted.m'],
    both(attributes, before),
    {
      destination: tree,
    },
  ),
  scenario(
    'attributes of hard links',
    ['-aiXH'],
    `${both(attributes)}; cd "$SRC"; ln -f both linked; ln -f long sub/l2; touch -d @981173106 . sub`,
    {
      alsoOld: true,
    },
  ),
  scenario(
    'attributes and alternate folders',
    ['-aiX', '--link-dest=../alt'],
    `${both(attributes)}; cp -a "$SRC" alt; setfattr -n user.long -v ${OTHER} alt/long; setfattr -x user.a alt/short`,
    { destination: {}, routes: ['push', 'pull', 'local', 'push from rsync'] },
  ),

  scenario('ACLs to nowhere', ['-aiA'], acls, { alsoOld: true }),
  scenario('ACLs, protocol 30, without incremental recursion', ['-aiA', '--protocol=30', '--no-i-r'], acls),
  scenario('ACLs without owners, by name', ['-rltiA', '--no-i-r'], acls, { routes: ['push', 'pull', 'pull by rsync'] }),
  scenario('ACLs by number', ['-aiA', '--numeric-ids'], acls, { routes: ['push', 'pull', 'pull by rsync'] }),
  ...['F600,D700', 'g+w', 'Fg-r'].map((chmod) =>
    scenario(`ACLs and --chmod=${chmod}`, ['-aiA', `--chmod=${chmod}`], acls, {
      routes: ['push', 'pull', 'local', 'push from rsync'],
    }),
  ),
  scenario('ACLs of folders that are there, and --chmod', ['-aiA', '--chmod=D700'], sameAcls, {
    destination: { sub: dir({}) },
    routes: ['push', 'pull', 'local', 'push from rsync'],
  }),
  scenario('ACLs over others', ['-aiA'], both(acls, aclsBefore), { destination: tree, alsoOld: true }),
  scenario('ACLs over others, told and not carried out', ['-ainA'], both(acls, aclsBefore), { destination: tree }),
  scenario('ACLs with content', ['-aiA'], both(acls, aclsBefore), {
    destination: { ...changed, plain: file('other'), empty: file('') },
  }),
  scenario(
    'ACLs of folders of backups',
    ['-aiAX', '--no-inc-recursive', '--backup-dir=bak'],
    `for at in "$SRC" dst; do (
      cd "$at"; setfacl -m u:bin:rwx sub; setfacl -d -m g:bin:rx sub/inner; setfacl -m u:daemon:r sub/inner/f
      setfattr -n user.a -v 1 sub sub/inner/f
    ); done`,
    {
      source: { sub: dir({ inner: dir({ f: file('new') }) }), top: file('new') },
      destination: { sub: dir({ inner: dir({ f: file('older') }) }), top: file('older') },
      times: false,
      routes: ['pull', 'local', 'push from rsync'],
    },
  ),
  scenario('no ACLs over ACLs', ['-ai'], both(acls, aclsBefore), { destination: tree, routes: ['push', 'pull'] }),
  scenario('ACLs and attributes', ['-aiAXH'], both(attributes, acls, before, aclsBefore), { destination: tree }),
  scenario('new entries below a default ACL', ['-rlti'], 'mkdir dst; setfacl -d -m u:bin:rwx,o:- dst', {
    routes: ['push', 'pull', 'push from rsync'],
  }),

  scenario('everything kept in attributes', ['-aiXH', '-M--fake-super'], both(attributes), {
    ...{ source: odd, routes: ['push from rsync'] },
  }),
  scenario('everything and ACLs kept in attributes', ['-aiA', '-M--fake-super'], acls, {
    ...{ source: odd, routes: ['push from rsync'] },
  }),
  scenario('owners and devices kept in attributes, changed', ['-aiAX', '-M--fake-super'], `${farAway}${kept}`, {
    ...{ source: odd, routes: ['push from rsync'] },
  }),
  scenario('what attributes keep, back again', ['-aiAXH', '-M--fake-super'], `${both(attributes, acls)}${farAway}`, {
    ...{ source: odd, sources: ['kept/'], routes: ['pull by rsync'] },
  }),
  scenario('everything kept in attributes by the client', ['-aiXH', '--fake-super'], both(attributes), {
    ...{ source: odd, routes: ['pull', 'pull by rsync'] },
  }),
  scenario('ACLs kept in attributes by the client', ['-aiA', '--fake-super'], acls, { source: odd, routes: ['pull'] }),
  scenario(
    'what attributes keep, sent by the client',
    ['-aiAXH', '--fake-super'],
    `${both(attributes, acls)}${farAway}`,
    {
      ...{ source: odd, sources: ['kept/'], routes: ['push'] },
    },
  ),
  scenario('kept in attributes on both ends', ['-aiX', '--fake-super'], both(attributes), {
    ...{ source: odd, routes: ['local'] },
  }),
  scenario('owners and devices kept in attributes on both ends', ['-ai', '--fake-super'], farAway, {
    ...{ source: odd, sources: ['kept/'], routes: ['local'] },
  }),
];

compareScenarios(SCENARIOS);
