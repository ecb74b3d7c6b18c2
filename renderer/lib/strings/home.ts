export const home = {
  title: 'Profiles',
  newProfile: 'New profile',
  emptyTitle: 'Drop a folder here to mirror it',
  emptyText:
    'A profile remembers a source and a destination. Preview shows what would change before anything does; the second run sends only what is different.',
  chooseFolder: 'Choose a folder…',
  addHostFirst: 'Add a host',
  run: 'Run',
  preview: 'Preview',
  view: 'View',
  details: 'Details',
  menu: (name: string) => `More for ${name}`,
  mirrors: 'Mirror',
  found: (count: string) => `${count} found`,
  left: (time: string) => `${time} left`,
  lastResult: 'Result of the last run',
  duplicate: 'Duplicate',
  tags: 'Tags…',
  copyCommand: 'Copy as rsync command',
  commandCopied: 'Copied to the clipboard',
  commandNotCopied: 'The clipboard cannot be used here. The command is:',
  moveUp: 'Move up',
  moveDown: 'Move down',
  move: (name: string) => `Move ${name}`,
  moveHelp: 'Drag, or press the arrow keys.',
  movedTo: (name: string, place: number, of: number) => `${name} is now ${place} of ${of}`,
  search: 'Search profiles',
  searchHint: 'Search',
  clearSearch: 'Clear the search',
  tagFilter: 'Show only with these tags',
  layout: 'Layout',
  cards: 'Cards',
  list: 'List',
  noMatch: 'No profile matches.',
  showAll: 'Show all',
  matches: (count: number, of: number) => `${count} of ${of} profiles`,
  removeTitle: (name: string) => `Remove “${name}”?`,
  removeText: 'Only the profile is removed. Files on both sides stay as they are.',
  from: 'From',
  to: 'To',
  contentsOnly: (name: string) => `only the contents of ${name}`,
  folderItself: (name: string) => `the folder ${name} itself`,
  arrivesAt: 'arrives at',
} as const;

export const tags = {
  title: (name: string) => `Tags of “${name}”`,
  field: 'Tags',
  help: 'Short words to find profiles by, between commas.',
  known: 'Tags in use',
} as const;

export const drop = {
  title: 'Drop the folder to mirror it',
  onProfile: (name: string) => `Drop it here as a source of “${name}”`,
  onHost: (name: string) => `Drop it here to mirror it to “${name}”`,
  notFolderTitle: 'That is not a folder',
  notFolderText: 'Driftline mirrors folders. Drop the folder that holds the file.',
  filesLeft: (count: number) =>
    `${count === 1 ? 'A file was' : `${count} files were`} left out: only folders can be mirrored.`,
  several: 'In a browser one folder at a time: the first one was taken.',
} as const;

export const mirror = {
  titleOne: (name: string) => `Mirror “${name}” to…`,
  titleMany: (count: number) => `Mirror ${count} folders to…`,
  place: 'Where to',
  anotherFolder: 'another folder or disk',
  folderOn: (host: string) => `Folder on ${host}`,
  options: 'More options…',
} as const;

export const dropOnProfile = {
  title: (name: string) => `Change the source of “${name}”?`,
  now: 'Its source now',
  dropped: 'Dropped',
  then: 'Nothing is copied or deleted by this: a preview shows first what would change.',
  merged: 'The contents of all its sources arrive together in one folder. A preview shows first what would change.',
  add: 'Add as a source',
  replace: 'Replace the source',
} as const;

export const picker = {
  title: 'Choose a folder',
  explain: 'These are the folders of the computer that runs Driftline.',
  dropped: (name: string) =>
    `A browser does not say where a dropped folder lies. Find “${name}” here, on the computer that runs Driftline.`,
  path: 'Folder',
  up: 'Parent folder',
  list: 'Sub-folders',
  none: 'No folders in here.',
  choose: 'Choose this folder',
  open: 'Open',
  go: 'Go',
} as const;
