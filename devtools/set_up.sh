#!/usr/bin/env bash
# Make .venv with the locked dependencies. Usage: set_up.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1

if ! command -v "$python" >/dev/null; then
  echo "Python is missing: install Python 3.11 or newer, or name it with PYTHON=…" >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$("$python" --version) is too old: Lumbung needs Python 3.11 or newer (PYTHON=python3.12)." >&2
  exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "Python's venv module is missing: install it, on Debian with: apt-get install python3-venv" >&2
  exit 1
fi

echo "Installing the locked dependencies into .venv …"
"$python" -m venv .venv
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-compile --require-hashes --requirement requirements.lock 2> .venv/install.log; then
  cat .venv/install.log >&2
  echo "The dependencies could not be installed: is a package index reachable?" >&2
  exit 1
fi
touch .venv/.ready
