"""Signed events and signatures on programs, sent until somebody says that they are taken."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import deque
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from devtools.stripe_standin.webhooks import header

SECRET = "whsec_standin"
PASSWORD = "a-storm-of-orders"


class Paid:
    """Stripe's event that a session was paid; Stripe repeats it until it hears 200."""

    def __init__(self, number, session_id):
        self.number, self.session_id = number, session_id

    def send(self, servers):
        event = {
            "id": f"evt_{self.session_id}",
            "object": "event",
            "type": "checkout.session.completed",
            "livemode": False,
            "data": {"object": {"id": self.session_id, "object": "checkout.session"}},
        }
        body = json.dumps(event).encode()
        signed = {"Stripe-Signature": header([SECRET], body, int(time.time()))}
        answer = servers.ask("POST", "/webhooks/stripe", body, signed)
        return answer is not None and answer[0] == 200


class Signed:
    """An admin presses “Approve” until the page says yes, also of a yes that was not heard, or that
    the fund is empty."""

    def __init__(self, number, body_sha256, admin):
        self.number, self.body_sha256, self.admin = number, body_sha256, admin
        self.is_signed = False

    def send(self, servers):
        form = {"decision": "approve", "body": self.body_sha256, "reason": "ok"}
        answer = self.admin.post(servers, f"/en/admin/programs/{self.number}/decision", form)
        if answer is None or answer[0] not in {302, 422}:
            return False
        self.is_signed = answer[0] == 302 or "This proposal is decided already." in answer[2]
        return True


class Admin:
    """A browser that stays signed in, whatever happens to the server."""

    def __init__(self, email):
        self.email = email
        self.cookies = {}
        self.token = ""

    def sign_in(self, servers):
        self.token = self._token(servers, "/en/sign-in")
        form = {"email": self.email, "password": PASSWORD}
        answer = self.post(servers, "/en/sign-in", form)
        assert answer is not None
        assert answer[0] == 302, answer[2]
        self._keep(answer)
        self.token = self._token(servers, "/en/admin/programs/new")

    def post(self, servers, path, form):
        origin = f"http://127.0.0.1:{servers.port}"
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        body = urlencode(form | {"csrf_token": self.token}).encode()
        return servers.ask("POST", path, body, self._headers() | sent)

    def _token(self, servers, path):
        answer = servers.ask("GET", path, headers=self._headers())
        self._keep(answer)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer[2])
        assert found, answer[2]
        return found[1]

    def _headers(self):
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _keep(self, answer):
        for line in answer[1].get_all("Set-Cookie", []):
            self.cookies |= {name: part.value for name, part in SimpleCookie(line).items()}


class Storm:
    """Some senders at once; what nobody took waits for the next time."""

    def __init__(self, servers, *, senders=4):
        self.servers, self.senders = servers, senders
        self.waiting, self.taken = deque(), []
        self.lock = threading.Lock()
        self.is_over = threading.Event()

    def blow(self, answers=None):
        """Send until all is taken, or kill everything in the middle, after so many answers."""
        enough = len(self.taken) + (answers or 0)
        self.is_over.clear()
        threads = [threading.Thread(target=self._send_all) for _ in range(self.senders)]
        for thread in threads:
            thread.start()
        if answers is not None:
            until = time.monotonic() + 60
            while len(self.taken) < enough and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.1))
            self.servers.kill()
            self.is_over.set()
        for thread in threads:
            thread.join()

    def _send_all(self):
        while not self.is_over.is_set():
            with self.lock:
                if not self.waiting:
                    return
                place = random.randrange(len(self.waiting))
                self.waiting.rotate(-place)
                thing = self.waiting.popleft()
            if thing.send(self.servers):
                self.taken.append(thing)
            else:
                self.waiting.append(thing)
