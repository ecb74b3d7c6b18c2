export const app = {
  name: 'Driftline',
  profiles: 'Profiles',
  hosts: 'Hosts',
  runs: 'Runs',
  navigation: 'Main',
  messages: 'Messages',
  dismiss: 'Dismiss',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  remove: 'Remove',
  edit: 'Edit',
  back: 'Back',
  loading: 'Loading…',
  thisComputer: 'This computer',
  unknownHost: 'removed host',
  tryAgain: 'Try again',
  show: 'Show',
  notValid: 'Not valid: ',
} as const;

export const connection = {
  lostTitle: 'The connection to the Driftline service was lost',
  lostText: 'Trying again. Losing this page never stops a run.',
  refusedTitle: 'This page may no longer talk to the service',
  refusedText: 'The service was started anew. Open the address that it printed this time.',
} as const;
