"""`make run`: the demo as one foreground group of processes, stopped together by Ctrl-C."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from honcho.manager import Manager

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = {
    "buyer": "Korean buyer",
    "coop": "cooperative",
    "kotra": "KOTRA partner",
    "admin1": "administrator",
    "admin2": "second administrator",
    "auditor": "auditor, reads only",
}


def main() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), _port()
    _refuse_taken(host, port)
    stripe_port = _free_port()
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    address = f"http://{shown}:{port}"
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "LUMBUNG_DEMO": "1",
        "LUMBUNG_BASE_URL": os.environ.get("LUMBUNG_BASE_URL", address),
        "STRIPE_API_BASE": f"http://127.0.0.1:{stripe_port}",
        "STRIPE_WEBHOOK_SECRET": "whsec_standin",
        "HOST": host,
        "PORT": str(port),
    }
    instance = Path(environ.get("LUMBUNG_INSTANCE", ROOT / "instance"))
    instance.mkdir(parents=True, exist_ok=True)
    for step in (["db", "upgrade"], ["demo", "load"]):
        _flask(step, environ)
    manager = Manager()
    manager.add_process("web", _procfile()["web"], env=environ, cwd=str(ROOT))
    manager.add_process("worker", _procfile()["worker"], env=environ, cwd=str(ROOT))
    manager.add_process(
        "stripe",
        f"{sys.executable} -m devtools.stripe_standin --port {stripe_port}"
        f" --webhook-url {address}/webhooks/stripe --webhook-secret whsec_standin"
        f" --state {instance / 'stripe-standin.json'}",
        env=environ,
        cwd=str(ROOT),
    )
    password = environ.get("LUMBUNG_DEMO_PASSWORD", "lumbung-demo")
    threading.Thread(target=_greet, args=(address, password), daemon=True).start()
    manager.loop()
    sys.exit(manager.returncode)


def _port() -> int:
    text = os.environ.get("PORT", "5000")
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                sys.exit(f"HOST must be an address of this machine, not {host!r}.")
            sys.exit(f"Port {port} on {host} cannot be used ({error.strerror}): try PORT=5001.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def _flask(words: list[str], environ: dict[str, str]) -> None:
    flask = shutil.which("flask", path=environ["PATH"]) or "flask"
    done = subprocess.run([flask, "--app", "wsgi", *words], cwd=ROOT, env=environ, check=False)
    if done.returncode:
        sys.exit(f"`flask {' '.join(words)}` failed; the lines above say why.")


def _greet(address: str, password: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    people = "\n".join(
        f"    {name + '@demo.lumbung.example':<30} {who}" for name, who in PEOPLE.items()
    )
    print(
        f"\n  Lumbung is at {address}\n\n"
        f"  Demo sign-ins, all with the password {password}\n{people}\n\n"
        f"  Stop with Ctrl-C.\n",
        flush=True,
    )


if __name__ == "__main__":
    main()
