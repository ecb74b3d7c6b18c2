export const APP_SCHEME = 'app';
export const APP_HOST = 'driftline';
/** The only origin whose page may talk to the service. */
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;
export const START_URL = `${APP_ORIGIN}/`;

/** Whether a URL lies in the application; anything unparsable does not. */
export function isOurs(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, username, password } = new URL(url);
  return protocol === `${APP_SCHEME}:` && host === APP_HOST && username === '' && password === '';
}
