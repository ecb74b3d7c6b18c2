import { app, connection } from './strings/app.ts';
import { drop, dropOnProfile, home, mirror, picker, tags } from './strings/home.ts';
import { demo } from './strings/demo.ts';
import { command, filters, options, profile } from './strings/profile.ts';
import { hosts, prompts, remotePicker } from './strings/hosts.ts';
import { keychain } from './strings/keychain.ts';
import { preview } from './strings/preview.ts';
import { runs } from './strings/runs.ts';
import { importing, settings } from './strings/settings.ts';

/**
 * Every word the window says, a file for each part of it: another language is another value of this shape. Words for
 * errors and results stand in shared/error-text.ts and shared/format.ts, because the command line says them too.
 */
export const strings = {
  app,
  connection,
  demo,

  home,
  tags,
  drop,
  dropOnProfile,
  mirror,
  picker,
  profile,
  filters,
  options,
  command,
  hosts,
  keychain,
  prompts,
  remotePicker,
  preview,
  runs,

  settings,
  importing,
} as const;

export { planPhrase } from './strings/preview.ts';
