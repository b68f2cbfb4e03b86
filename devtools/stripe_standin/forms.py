"""Decoding of the bracketed form encoding that Stripe's v1 API reads."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from .errors import rejected

MAX_DEPTH = 24
_KEY = re.compile(r"\[([^\[\]]*)\]")


def pairs(text):
    for part in text.split("&"):
        if part:
            key, _, value = part.partition("=")
            yield unquote_plus(key), unquote_plus(value)


def decode(text):
    """``a[b]=1&c[0]=2`` -> ``{"a": {"b": "1"}, "c": {"0": "2"}}``.

    Numbered elements stay dictionaries here: only the schema knows whether
    ``metadata[0]`` is a key or an index.  ``a[]=1`` gives a list.
    """
    root = {}
    for key, value in pairs(text):
        head, bracket, _ = key.partition("[")
        if not head:
            raise rejected("Invalid request: parameter name is empty.")
        segments = [head]
        if bracket:
            tail = key[len(head) :]
            found = _KEY.findall(tail)
            if "".join(f"[{f}]" for f in found) != tail:
                raise rejected(f"Invalid request: malformed parameter name '{key}'.", param=key)
            segments += found
        if len(segments) > MAX_DEPTH:
            raise rejected(f"Invalid request: '{key}' is nested too deeply.", param=key)
        _put(root, segments, value, key)
    return root


def _put(node, segments, value, key):
    here, rest = segments[0], segments[1:]
    if not rest:
        if isinstance(node.get(here), (dict, list)):
            raise rejected(f"Invalid request: '{key}' is both a value and a structure.", param=key)
        node[here] = value
        return
    if rest[0] == "":
        items = node.setdefault(here, [])
        if not isinstance(items, list):
            raise rejected(f"Invalid request: '{key}' mixes kinds.", param=key)
        if len(rest) == 1:
            items.append(value)
            return
        # a[][x]=1&a[][y]=2 : a new element starts when its key repeats
        if not items or not isinstance(items[-1], dict) or _taken(items[-1], rest[1:]):
            items.append({})
        _put(items[-1], rest[1:], value, key)
        return
    child = node.setdefault(here, {})
    if not isinstance(child, dict):
        raise rejected(f"Invalid request: '{key}' mixes kinds.", param=key)
    _put(child, rest, value, key)


def _taken(node, segments):
    for segment in segments[:-1]:
        node = node.get(segment)
        if not isinstance(node, dict):
            return False
    return segments[-1] in node


def as_list(value):
    """The list that a decoded node stands for, or None when it is none."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and all(k.isdigit() for k in value):
        return [value[k] for k in sorted(value, key=int)]
    return None
