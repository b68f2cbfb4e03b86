#!/usr/bin/env bash
# PostgreSQL, Chromium, Korean fonts and hledger: install what is missing where that is allowed.
set -euo pipefail

wanted=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || wanted+=(postgresql)
command -v chromium >/dev/null || wanted+=(chromium)
command -v hledger >/dev/null || wanted+=(hledger)
if ! command -v fc-list >/dev/null || [ -z "$(fc-list :lang=ko family 2>/dev/null)" ]; then
  wanted+=(fontconfig fonts-noto-cjk)
fi
[ ${#wanted[@]} -eq 0 ] && { echo "PostgreSQL, Chromium, Korean fonts and hledger are here."; exit 0; }

install="apt-get install ${wanted[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need more programs. Install them with: $install" >&2
  exit 1
fi
echo "Installing ${wanted[*]} …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
