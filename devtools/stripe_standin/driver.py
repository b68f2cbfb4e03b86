"""Driving a running stand-in from tests and demonstrations: control calls and its pages."""

from __future__ import annotations

import http.client
import json
import re
from html import unescape
from urllib.parse import urlencode, urlsplit

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Driver:
    def __init__(self, base_url):
        self.base_url = base_url

    def http(self, method, path, body=None, headers=None):
        """(status, headers, text) of one request."""
        parts = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def control(self, path, /, **fields):
        """Make something happen; see the table of control calls in the README."""
        return self._control("POST", path, json.dumps(fields))

    def show(self, path):
        """What the stand-in knows: `show("events")`, `show("requests?operation=Refund.create")`."""
        return self._control("GET", path)

    def _control(self, method, path, body=None):
        status, _, text = self.http(method, "/_control/" + path, body, JSON if body else None)
        out = json.loads(text)
        if status != 200:
            raise RuntimeError(f"{method} {path} answered {status}: {out['error']['message']}")
        return out

    def settle(self, seconds=10):
        """Wait until every webhook has been delivered, or given up."""
        if not self.control("webhooks/wait", seconds=seconds)["idle"]:
            raise TimeoutError("webhooks are still waiting to be delivered")

    def open(self, url, language="en"):
        """The HTML of a page, given by its address or path."""
        status, _, text = self.http("GET", urlsplit(url).path, None, {"Accept-Language": language})
        if status != 200:
            raise RuntimeError(f"{url} answered {status}")
        return text

    def press(self, url, button, language="en", **fields):
        """(status, where it leads, HTML) after pressing the button of that name."""
        text = self.open(url, language)
        fields["token"] = re.search(r'name="token" value="(\w+)"', text)[1]
        fields["action"] = buttons(text)[button]
        status, headers, out = self.http("POST", urlsplit(url).path, urlencode(fields), FORM)
        return status, headers.get("Location"), out


def buttons(text):
    """The buttons of a page, by name, with the action that each stands for."""
    found = re.findall(r'<button[^>]* value="([^"]*)">([^<]*)</button>', text)
    return {unescape(name): unescape(action) for action, name in found}
