/** Switches that let another program read or drive ours (Chromium and Node documentation). */
const DEBUG =
  /^--?(?:inspect(?:-brk|-wait|-port|-publish-uid)?|remote-debugging-(?:port|pipe|address)|remote-allow-origins|js-flags)(?:=|$)/;

/**
 * The packaged application holds passwords while it works, so it refuses to start with a debugger's door open
 * (faults.md E7). The fuses close Node's own switches; Chromium's have no fuse.
 *
 * @param args the command line without the program's name
 * @returns the offending argument, or null
 */
export function debugSwitch(args: readonly string[]): string | null {
  return args.find((arg) => DEBUG.test(arg)) ?? null;
}
