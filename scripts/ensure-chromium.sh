#!/usr/bin/env bash
# Browser tests drive the distribution's Chromium. Install it where we may; say so where we may not.
set -u
find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if find_chromium >/dev/null && fc-list ':lang=ja' 2>/dev/null | grep -q .; then exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing Chromium and a Japanese font from the distribution's packages ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig; } >/dev/null 2>&1
fi
if ! find_chromium >/dev/null; then
  echo "Chromium is not installed and could not be installed: the browser tests will be skipped." >&2
  echo "Install it yourself, then run 'make test' again (Debian, Ubuntu: sudo apt-get install chromium fonts-noto-cjk)." >&2
fi
exit 0
