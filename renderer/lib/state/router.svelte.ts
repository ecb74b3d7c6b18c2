/** What the window shows. A preview or a run is reached from a profile, and leads back. */
export type Route =
  | { view: 'profiles' }
  | { view: 'hosts' }
  | { view: 'runs' }
  | { view: 'settings' }
  | { view: 'preview'; profileId: string }
  | { view: 'run'; runId: string };

export class Router {
  #route = $state.raw<Route>({ view: 'profiles' });

  get route(): Route {
    return this.#route;
  }

  go(route: Route): void {
    this.#route = route;
  }
}
