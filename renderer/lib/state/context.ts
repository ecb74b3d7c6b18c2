import { getContext, setContext } from 'svelte';
import { errorText } from '../../../shared/error-text.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { Backend } from '../backend.ts';
import { Announcer } from './announcer.svelte.ts';
import { Clock } from './clock.svelte.ts';
import { Demo } from './demo.svelte.ts';
import { Dialogs } from './dialogs.svelte.ts';
import { Home } from './home.svelte.ts';
import { Hosts } from './hosts.svelte.ts';
import { Preview } from './preview.svelte.ts';
import { Profiles } from './profiles.svelte.ts';
import { Prompts } from './prompts.svelte.ts';
import { Router } from './router.svelte.ts';
import { Runs } from './runs.svelte.ts';
import { Service } from './service.svelte.ts';
import { Settings } from './settings.svelte.ts';
import { Theme } from './theme.ts';
import { Toasts } from './toasts.svelte.ts';

/** All state of the window, made once by App.svelte. */
export interface AppState {
  backend: Backend;
  service: Service;
  router: Router;
  hosts: Hosts;
  profiles: Profiles;
  runs: Runs;
  demo: Demo;
  prompts: Prompts;
  dialogs: Dialogs;
  toasts: Toasts;
  clock: Clock;
  settings: Settings;
  home: Home;
  announcer: Announcer;
  newPreview(profileId: string): Preview;
  /** Says an error that has no better place on the screen. */
  report(error: ErrorData): void;
}

const KEY = Symbol('driftline');

export function provideApp(backend: Backend): AppState {
  const toasts = new Toasts();
  const service = new Service(backend);
  const app: AppState = {
    backend,
    service,
    router: new Router(),
    hosts: new Hosts(backend),
    profiles: new Profiles(backend),
    runs: new Runs(backend),
    demo: new Demo(backend),
    prompts: new Prompts(backend),
    dialogs: new Dialogs(backend, service),
    toasts,
    clock: new Clock(),
    settings: new Settings(backend, new Theme()),
    home: new Home(),
    announcer: new Announcer(),
    newPreview: (profileId) => new Preview(backend, profileId),
    report(error) {
      const text = errorText(error);
      toasts.show('danger', text.title, text.hint ? `${text.message} ${text.hint}` : text.message);
    },
  };
  return setContext(KEY, app);
}

export function useApp(): AppState {
  return getContext<AppState>(KEY);
}
