"""The trimmed OpenAPI document: finding operations, checking parameters."""

from __future__ import annotations

import difflib
import json
import pathlib
import re

from .errors import StripeFault, rejected
from .forms import as_list

DEFAULT = pathlib.Path(__file__).resolve().parent / "spec" / "marketplace.openapi.json"
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
UNSET = ""  # what an emptied parameter is handed on as
MAX_STRING = 5000
# Lengths of Stripe's own document that the SDK's types do not carry
LENGTHS = (
    (re.compile(r"(^|\[)statement_descriptor(_suffix)?\]?$"), 22),
    (re.compile(r"(^|\[)unit_label\]?$"), 12),
    (re.compile(r"^(integration_identifier|client_reference_id)$"), 200),
    (re.compile(r"^payment_intent_data\[description\]$"), 1000),
    (re.compile(r"product_data\]\[description\]$"), 40000),
)


def longest(name):
    for pattern, limit in LENGTHS:
        if pattern.search(name):
            return limit
    return MAX_STRING


class Operation:
    def __init__(self, method, path, doc):
        self.method, self.path, self.id = method, path, doc["operationId"]
        self.path_names = re.findall(r"\{(\w+)\}", path)
        self.regex = re.compile("^" + re.sub(r"\{\w+\}", r"([^/]+)", path) + "$")
        self.response = doc["responses"]["200"]["content"]["application/json"]["schema"]
        if "requestBody" in doc:
            self.params = doc["requestBody"]["content"]["application/x-www-form-urlencoded"][
                "schema"
            ]
        else:
            query = [p for p in doc.get("parameters", ()) if p["in"] == "query"]
            self.params = {
                "type": "object",
                "properties": {p["name"]: p["schema"] for p in query},
                "required": [p["name"] for p in query if p["required"]],
                "additionalProperties": False,
            }


class Spec:
    def __init__(self, path=DEFAULT, open_enums=False):
        with open(path, encoding="utf-8") as handle:
            self.doc = json.load(handle)
        self.version = self.doc["info"]["version"]
        self.schemas = self.doc["components"]["schemas"]
        self.open_enums = open_enums
        self.operations = [
            Operation(method, path, doc)
            for path, methods in self.doc["paths"].items()
            for method, doc in methods.items()
        ]
        # literal segments win over placeholders
        self.operations.sort(key=lambda o: (o.path.count("{"), o.path))
        self.by_id = {o.id: o for o in self.operations}

    def find(self, method, path):
        method, allowed = method.lower(), []
        for op in self.operations:
            match = op.regex.match(path)
            if match:
                if op.method == method:
                    return op, list(match.groups())
                allowed.append(op.method.upper())
        raise StripeFault(
            404,
            "Unrecognized request URL ({}: {}). If you are trying to list objects, remove the "
            "trailing slash. If you are trying to retrieve an object, make sure you passed a "
            "valid (non-empty) identifier in your code. Please see https://stripe.com/docs{}".format(
                method.upper(),
                path,
                " (allowed here: {})".format(", ".join(sorted(allowed))) if allowed else "",
            ),
            saved=False,
        )

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    # -- request parameters -------------------------------------------------
    def check(self, op, raw):
        return self._object(op.params, raw, "")

    def _value(self, schema, value, name):
        unsettable = schema.get("x-unsettable")
        schema = self.resolve(schema)
        if value == "":
            if unsettable or schema.get("x-unsettable"):
                return UNSET
            if schema.get("type") == "string" and "" in schema.get("enum", ()):
                return ""
            raise rejected(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{name}' cannot be unset. You should remove "
                f"'{name}' from your request or supply a non-empty value.",
                param=name,
                code="parameter_invalid_empty",
            )
        if "anyOf" in schema:
            return self._any(schema["anyOf"], value, name)
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, value, name)
        if kind == "array":
            items = as_list(value)
            if items is None:
                raise rejected("Invalid array", param=name)
            return [
                self._value(schema["items"], item, f"{name}[{i}]") for i, item in enumerate(items)
            ]
        if isinstance(value, (dict, list)):
            raise rejected("Invalid {}: {}".format(kind or "value", json.dumps(value)), param=name)
        if kind == "integer":
            if not re.fullmatch(r"-?\d{1,18}", value):
                raise rejected(
                    f"Invalid integer: {value}", param=name, code="parameter_invalid_integer"
                )
            return int(value)
        if kind == "number":
            if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                raise rejected(f"Invalid decimal: {value}", param=name)
            return float(value)
        if kind == "boolean":
            if value not in ("true", "false"):
                raise rejected(f"Invalid boolean: {value}", param=name)
            return value == "true"
        if kind == "string":
            if schema.get("format") == "decimal" and not re.fullmatch(
                r"-?\d{1,20}(\.\d{1,12})?", value
            ):
                raise rejected(f"Invalid decimal: {value}", param=name)
            allowed = schema.get("enum")
            if allowed and value not in allowed and not (self.open_enums and schema.get("x-open")):
                shown = allowed if len(allowed) == 1 else [*allowed[:-1], "or " + allowed[-1]]
                raise rejected(
                    "Invalid {}: must be one of {}".format(name, ", ".join(shown)), param=name
                )
            if len(value) > longest(name):
                raise rejected(
                    f"Invalid string: {value[:10]}...{value[-10:]}; must be at most "
                    f"{longest(name)} characters",
                    param=name,
                )
            return value
        return value

    def _any(self, options, value, name):
        options = [self.resolve(o) for o in options]
        if isinstance(value, dict):
            fitting = [o for o in options if o.get("type") == "object"]
            if as_list(value) is not None:
                fitting = [o for o in options if o.get("type") == "array"] or fitting
        elif isinstance(value, list):
            fitting = [o for o in options if o.get("type") == "array"]
        else:
            fitting = [o for o in options if o.get("type") not in ("object", "array")]
        failure = None
        for option in sorted(fitting, key=lambda o: o.get("type") == "string"):
            try:
                return self._value(option, value, name)
            except StripeFault as fault:
                failure = failure or fault
        raise failure or rejected(f"Invalid value for {name}", param=name)

    def _object(self, schema, value, name):
        if not isinstance(value, dict):
            raise rejected("Invalid object", param=name)
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties", False)

        def label(key):
            return f"{name}[{key}]" if name else key

        unknown = [k for k in value if k not in properties]
        if "payment_method_types" in unknown and "allowed_payment_method_types" in properties:
            raise rejected(
                "The parameter `payment_method_types` is no longer supported from API version "
                "2026-09-30.endive on. Leave it out to use dynamic payment methods, or use "
                "`allowed_payment_method_types` or `excluded_payment_method_types`.",
                param="payment_method_types",
                code="payment_method_types_no_longer_supported",
            )
        if unknown and extra is False:
            labels = sorted(label(k) for k in unknown)
            if len(labels) > 1:
                message = "Received unknown parameters: " + ", ".join(labels)
            else:
                message = "Received unknown parameter: " + labels[0]
                near = difflib.get_close_matches(unknown[0], properties, 1)
                if near:
                    message += f". Did you mean {label(near[0])}?"
            raise rejected(message, param=labels[0], code="parameter_unknown")
        for key in schema.get("required", ()):
            if key not in value:
                raise rejected(
                    f"Missing required param: {label(key)}.",
                    param=label(key),
                    code="parameter_missing",
                )
        out = {}
        for key, sub in value.items():
            if key in properties:
                out[key] = self._value(properties[key], sub, label(key))
            elif key == "" or not isinstance(extra, dict):
                raise rejected(f"Invalid key in {name}", param=name)
            else:
                out[key] = self._free(extra, sub, label(key))
        return out

    def _free(self, schema, value, name):
        """A value of a free-form hash: emptied values are allowed (metadata)."""
        if value == "" and self.resolve(schema).get("type") == "string":
            return ""
        return self._value(schema, value, name)


class ResponseChecker:
    """Checks answers and event payloads against the document."""

    def __init__(self, spec):
        self.spec = spec

    def for_object(self, obj):
        """The problems of any object, by what it calls itself; none for unknown kinds."""
        if obj.get("object") in self.spec.schemas:
            return self.problems(self.spec.schemas[obj["object"]], obj)
        return []

    def problems(self, schema, instance):
        """Sentences naming what does not fit; a deleted object fits everything."""
        if isinstance(instance, dict) and instance.get("deleted"):
            return []
        return [
            f"{'/'.join(path) or '(top)'}: {text}"
            for path, text in self._walk(schema, instance, ())
        ]

    def _walk(self, schema, value, path):
        nullable = schema.get("nullable")
        schema = self.spec.resolve(schema)
        if value is None and (nullable or schema.get("nullable")):
            return []
        if "anyOf" in schema:
            return self._nearest(schema["anyOf"], value, path)
        kind = schema.get("type")
        if kind is not None and not isinstance(value, TYPES[kind]):
            return [(path, f"{value!r:.200} is not of type {kind}")]
        if isinstance(value, bool) and kind in ("integer", "number"):
            return [(path, f"{value!r} is not of type {kind}")]
        if "enum" in schema and not schema.get("x-open") and value not in schema["enum"]:
            return [(path, f"{value!r:.200} is not one of {schema['enum']}")]
        if kind == "object":
            return list(self._members(schema, value, path))
        if kind == "array" and "items" in schema:
            return [
                problem
                for index, item in enumerate(value)
                for problem in self._walk(schema["items"], item, (*path, str(index)))
            ]
        return []

    def _nearest(self, options, value, path):
        """The problems of the alternative that fits furthest, or none when one fits."""
        found = [self._walk(option, value, path) for option in options]
        return min(found, key=lambda problems: (bool(problems), -depth(problems), len(problems)))

    def _members(self, schema, value, path):
        known = schema.get("properties", {})
        extra = schema.get("additionalProperties", "properties" not in schema)
        for name in schema.get("required", ()):
            if name not in value:
                yield path, f"{name!r} is missing"
        for name, member in value.items():
            if name in known:
                yield from self._walk(known[name], member, (*path, name))
            elif extra is False:
                yield path, f"{name!r} was unexpected"
            elif isinstance(extra, dict):
                yield from self._walk(extra, member, (*path, name))


def depth(problems):
    return max((len(path) for path, _ in problems), default=0)
