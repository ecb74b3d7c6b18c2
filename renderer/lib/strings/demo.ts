export const demo = {
  try: 'Try it without a server',
  title: 'The demo server is running',
  text: 'It is part of Driftline and holds a copy, one month old, of some sample files. Preview the profile, run it, change a file, preview again.',
  fingerprint: 'Fingerprint to compare',
  files: 'Files to change',
  preview: 'Preview',
  remove: 'Remove the demo',
  removeTitle: 'Remove the demo?',
  removeText: (others: number) =>
    `The demo server, its profile${others === 0 ? '' : others === 1 ? ', the other profile that uses it' : `, the ${others} other profiles that use it`} and the folder of sample files are removed. Nothing else is touched.`,
  leaves: 'All of it goes when you quit Driftline.',
} as const;
