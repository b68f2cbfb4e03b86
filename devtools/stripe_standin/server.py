"""The HTTP side: sockets, headers and the hosted pages."""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qs, quote, urlsplit

from . import accounts, checkout, pages
from .config import Config, is_loopback
from .control import control
from .engine import Context
from .errors import StripeFault, rejected
from .faults import Dropped
from .service import Service

__all__ = ["Config", "Server", "Service"]

MAX_BODY = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeStandIn/1"
    timeout = 120

    @property
    def service(self):
        return self.server.service

    def log_message(self, format, *args):
        if not self.service.config.quiet:
            sys.stderr.write(f"{self.log_date_time_string()} {format % args}\n")

    def handle_all(self):
        try:
            host = (self.headers.get("Host") or "127.0.0.1").rsplit(":", 1)[0].strip("[]")
            path = urlsplit(self.path).path
            if not is_loopback(host):
                self.close_connection = True
                self.send_json(403, {"error": {"message": "Unknown host."}})
            elif path.startswith("/_control/"):
                self.do_control(path)
            elif path.startswith(("/v1/", "/v2/")):
                self.do_api()
            else:
                self.do_page(path)
        except Dropped:
            self.drop()
        except StripeFault as fault:
            self.send_json(fault.status, fault.body())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = handle_all

    # -- reading and answering --------------------------------------------------
    def body(self):
        length = self.headers.get("Content-Length")
        if length is None:
            if self.headers.get("Transfer-Encoding"):
                self.close_connection = True
                raise rejected("Chunked requests are not accepted.")
            return b""
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            raise StripeFault(413, "Request too large.", saved=False)
        return self.rfile.read(int(length))

    def form(self):
        return last_values(self.body().decode("utf-8", "replace"))

    def send(self, status, content, content_type, extra=None):
        content = content.encode()
        headers = {
            "Content-Type": content_type,
            "Content-Length": len(content),
            "Date": self.date_time_string(),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **(extra or {}),
        }
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        for name, value in headers.items():
            lines.append(f"{name}: " + re.sub(r"[\r\n]", "", str(value)))
        self.log_request(status, len(content))
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + content)

    def send_json(self, status, value, extra=None):
        text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        self.send(status, text, "application/json", extra)

    def send_page(self, status, text, targets=()):
        # redirects after a form post count as form targets
        policy = (
            f"default-src 'none'; style-src '{pages.STYLE_HASH}'; img-src data:; "
            "base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + " ".join(targets)
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        self.send(status, text, "text/html; charset=utf-8", headers)

    def redirect(self, url):
        self.send(303, "", "text/plain", {"Location": url})

    def drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    # -- the API and the control calls ------------------------------------------
    def do_api(self):
        status, headers, out = self.service.api(self.command, self.path, self.headers, self.body())
        self.send_json(status, out, headers)

    def do_control(self, path):
        body = self.body()
        if self.headers.get("Origin") not in (None, self.service.config.base_url):
            raise StripeFault(403, "Control calls from web pages are refused.")
        given = self.control_fields(body) if self.command == "POST" else {}
        query = last_values(urlsplit(self.path).query)
        try:
            out = control(self.service, self.command, path, query, given)
        except KeyError as problem:
            raise rejected(f"Missing field: {problem.args[0]}") from None
        self.service.persist()
        self.send_json(200, out)

    def control_fields(self, body):
        content_type = self.headers.get("Content-Type")
        is_json = (content_type or "").split(";")[0].strip() == "application/json"
        if (content_type or body) and not is_json:
            raise rejected("Control calls take application/json.")
        try:
            return json.loads(body or b"{}")
        except ValueError:
            raise rejected("Invalid JSON.") from None

    # -- pages --------------------------------------------------------------------
    def do_page(self, path):
        for pattern, show in (
            (r"/c/pay/(cs_test_\w+)", self.pay_page),
            (r"/redirect/(pi_\w+)/(\w+)", self.redirect_page),
            (r"/onboard/(acct_\w+)/(\w+)", self.onboard_page),
        ):
            match = re.fullmatch(pattern, path)
            if match:
                show(*match.groups())
                return
        if path == "/":
            self.send_message(200, "home", version=self.service.spec.version)
        else:
            self.send_message(404, "not_found")

    @property
    def languages(self):
        return self.headers.get("Accept-Language", "")

    def send_message(self, status, name, **facts):
        self.send_page(status, pages.message_page(name, self.languages, **facts))

    def pay_page(self, ident):
        service, engine = self.service, self.service.engine
        error = None
        with engine.lock:
            try:
                session = checkout.open_session(engine, engine.platform, ident)
            except StripeFault:
                self.send_message(404, "not_found")
                return
            fact = engine.fact(ident)
            if self.command == "POST":
                given = self.form()
                if not hmac.compare_digest(given.get("token", "").encode(), fact["token"].encode()):
                    self.send_message(403, "stale")
                    return
                back, error = press(engine, session, given)
                if back:
                    service.persist()
                    self.redirect(back)
                    return
            text = pages.pay_page(
                session,
                fact["line_items"],
                fact["token"],
                service.config.seller,
                self.languages,
                error,
            )
        service.persist()
        self.send_page(200, text, origins(session["success_url"], session["cancel_url"]))

    def redirect_page(self, ident, token):
        service, engine = self.service, self.service.engine
        if self.command == "POST":
            given = self.form()
            if given.get("token") != token:
                raise rejected("Stale form.")
            with engine.lock:
                back = checkout.finish_redirect(
                    engine, engine.platform, ident, token, given.get("action") == "allow"
                )
            service.persist()
            if back:
                self.redirect(back)
            else:
                self.send_message(200, "done")
            return
        with engine.lock:
            intent = engine.get(engine.platform, "payment_intent", ident)
            back = (engine.fact(ident).get("redirect") or {}).get("return_url")
        path = urlsplit(self.path).path
        self.send_page(
            200,
            pages.choice_page(
                service.config.seller,
                intent["id"],
                path,
                token,
                ("allow", "refuse"),
                self.languages,
            ),
            origins(back),
        )

    def onboard_page(self, ident, token):
        service, engine = self.service, self.service.engine
        with engine.lock:
            link = engine.fact(ident).get("link") or {}
            if link.get("token") != token:
                raise StripeFault(404, "This onboarding link is no longer valid.")
            if self.command == "POST":
                if self.form().get("action") == "finish":
                    accounts.onboard(engine, Context(engine.platform), ident)
                engine.fact(ident).pop("link")
                service.persist()
                self.redirect(link["return_url"])
                return
        path = urlsplit(self.path).path
        self.send_page(
            200,
            pages.choice_page(
                service.config.seller, ident, path, token, ("finish", "later"), self.languages
            ),
            origins(link["return_url"]),
        )


def press(engine, session, given):
    """Do what a button of the pay page says: (where the buyer goes next, what went wrong).

    The action is `pay:METHOD`, or `fail`, `async`, `expire`, `cancel`; the
    middle two take their method from the field `method`.
    """
    action, _, kind = given.get("action", "").partition(":")
    if action == "cancel":
        return session["cancel_url"], None
    if session["status"] != "open" or action not in ("pay", "fail", "async", "expire"):
        return None, None
    if action == "expire":
        checkout.expire(engine, Context(engine.platform), session)
        return None, None
    kind = kind or given.get("method") or session["payment_method_types"][0]
    refusal = "card_declined" if kind == "card" else "provider_declined"
    try:
        result = checkout.pay(
            engine,
            engine.platform,
            session["id"],
            kind=kind,
            test_card=given.get("card", "4242"),
            outcome={"pay": None, "async": "async", "fail": refusal}[action],
            email=given.get("email") or None,
        )
    except StripeFault as fault:
        return None, {"message": fault.message}
    return result.get("redirect"), result.get("error")


def last_values(text):
    return {name: values[-1] for name, values in parse_qs(text).items()}


def origins(*urls):
    parts = [urlsplit(url) for url in urls if url]
    return sorted({quote(f"{p.scheme}://{p.netloc}", safe=":/[]@.-_") for p in parts})


class Server(ThreadingHTTPServer):
    """A stand-in on a loopback port: `start()`, use `base_url`, `stop()`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, config):
        if ":" in config.host:
            self.address_family = socket.AF_INET6
        super().__init__((config.host, config.port), Handler)
        config.port = self.server_address[1]
        self.service = Service(config)

    @property
    def base_url(self):
        return self.service.config.base_url

    def server_bind(self):
        # the base class looks up the host's name, which may wait for a name server
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def start(self):
        thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        return thread

    def stop(self):
        self.shutdown()
        self.server_close()
        self.service.close()
