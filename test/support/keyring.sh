#!/usr/bin/env bash
# Runs a command inside a private D-Bus session with an unlocked, empty gnome-keyring, in a home of its own:
#
#   test/support/keyring.sh npx vitest run …
#
# The folders vanish with the command. DRIFTLINE_TEST_KEYRING=1 tells the tests that a keyring is really there.
set -euo pipefail

home=$(mktemp -d "${TMPDIR:-/tmp}/driftline-keyring-XXXXXX")
trap 'rm -rf "$home"' EXIT
mkdir -m 700 "$home"/{config,data,cache,state,runtime}

export HOME="$home" XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/data" XDG_CACHE_HOME="$home/cache"
export XDG_STATE_HOME="$home/state" XDG_RUNTIME_DIR="$home/runtime" DRIFTLINE_TEST_KEYRING=1
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS

# The keyring daemon outlives its parent; it is ended by the end of its bus.
dbus-run-session -- bash -c '
  printf "\n" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
  "$@"
' keyring "$@"
