"""Make ``spec/marketplace.openapi.json`` from the installed ``stripe`` package.

stripe-python's services, request parameters and resource classes are generated
by Stripe from its own OpenAPI document.  This script reads those declarations
with :mod:`ast` (nothing of the package is imported except its version numbers)
and writes the operations listed in ``OPERATIONS`` back as a small OpenAPI 3.0
document, so that the data file always names the API version that the client
library in use is pinned to.

Optionally it reads a ``fixtures3.json`` (sample objects that Stripe publishes
with its OpenAPI document) to learn which nullable top-level fields are really
present on an object.  Only field names are taken from it.

    python -m devtools.stripe_standin.build_spec [--fixtures fixtures3.json] [--out FILE]
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import pathlib
import re
import sys

import stripe
from stripe._api_version import _ApiVersion

ROOT = pathlib.Path(stripe.__file__).parent

# service module -> method names that are kept (None: every one of them)
OPERATIONS = {
    "checkout/_session_service": None,
    "checkout/_session_line_item_service": None,
    "_payment_intent_service": {
        "list",
        "create",
        "retrieve",
        "update",
        "confirm",
        "capture",
        "cancel",
    },
    "_charge_service": {"list", "retrieve", "update", "capture"},
    "_refund_service": None,
    "_dispute_service": None,
    "_transfer_service": None,
    "_transfer_reversal_service": None,
    "_payout_service": None,
    "_account_service": {
        "list",
        "create",
        "retrieve",
        "update",
        "delete",
        "retrieve_current",
    },
    "_account_link_service": None,
    "_account_login_link_service": None,
    "_account_capability_service": None,
    "_customer_service": {"list", "create", "retrieve", "update", "delete"},
    "_product_service": {"list", "create", "retrieve", "update", "delete"},
    "_price_service": {"list", "create", "retrieve", "update"},
    "_balance_service": None,
    "_balance_transaction_service": None,
    "_event_service": None,
    "_webhook_endpoint_service": None,
    "_payment_method_service": {
        "list",
        "create",
        "retrieve",
        "update",
        "attach",
        "detach",
    },
    "_setup_intent_service": {
        "list",
        "create",
        "retrieve",
        "update",
        "confirm",
        "cancel",
    },
}

# Resources whose response schema is written out.  A reference to any other
# resource becomes "an id or any object".
RESOURCES = {
    "Session": "checkout/_session",
    "PaymentIntent": "_payment_intent",
    "Charge": "_charge",
    "Refund": "_refund",
    "Dispute": "_dispute",
    "Transfer": "_transfer",
    "TransferReversal": "_transfer_reversal",
    "Payout": "_payout",
    "Account": "_account",
    "AccountLink": "_account_link",
    "LoginLink": "_login_link",
    "Capability": "_capability",
    "Customer": "_customer",
    "Product": "_product",
    "Price": "_price",
    "Balance": "_balance",
    "BalanceTransaction": "_balance_transaction",
    "Event": "_event",
    "WebhookEndpoint": "_webhook_endpoint",
    "PaymentMethod": "_payment_method",
    "SetupIntent": "_setup_intent",
    "LineItem": "_line_item",
}

SCALARS = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "Decimal": {"type": "string", "format": "decimal"},
    "Any": {},
    "object": {},
    "StripeObject": {"type": "object"},
    "None": {"nullable": True},
}


def parse(rel):
    return ast.parse((ROOT / (rel + ".py")).read_text(encoding="utf-8"))


def dotted(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return dotted(node.value) + "." + node.attr
    raise TypeError(ast.dump(node))


def imports_of(tree):
    """name -> module path relative to the package, for every import in a file."""
    out = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe."):
            for alias in node.names:
                out[alias.asname or alias.name] = node.module[len("stripe.") :].replace(".", "/")
    return out


class Resolver:
    """Turns annotations of one module into schemas."""

    def __init__(self, gen, rel, response):
        self.gen, self.rel, self.response = gen, rel, response
        self.tree = parse(rel)
        self.imports = imports_of(self.tree)
        self.classes = {}
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                self._index(node, "")
            elif (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and getattr(node.value.func, "id", "") == "TypedDict"
            ):
                self.classes[node.targets[0].id] = node.value

    def _index(self, node, prefix):
        name = prefix + node.name
        self.classes[name] = node
        for sub in node.body:
            if isinstance(sub, ast.ClassDef):
                self._index(sub, name + ".")

    def find(self, name, scope):
        parts = scope.split(".") if scope else []
        while True:
            candidate = ".".join([*parts, name])
            if candidate in self.classes:
                return candidate
            if not parts:
                return None
            parts.pop()

    # -- annotations -------------------------------------------------------
    def schema(self, node, scope):
        if isinstance(node, ast.Constant):
            if node.value is None:
                return {"nullable": True}
            if isinstance(node.value, str):
                return self.schema(ast.parse(node.value.strip(), mode="eval").body, scope)
            raise TypeError(ast.dump(node))
        if isinstance(node, ast.BinOp):  # X | Y
            return self.union(self._flatten(node), scope)
        if isinstance(node, ast.Subscript):
            head = dotted(node.value)
            arg = node.slice
            args = arg.elts if isinstance(arg, ast.Tuple) else [arg]
            if head in ("NotRequired", "ClassVar"):
                return self.schema(args[0], scope)
            if head == "Optional":
                return self.union([args[0], ast.Constant(None)], scope)
            if head == "Union":
                return self.union(args, scope)
            if head == "Literal":
                values = [a.value for a in args]
                kind = {str: "string", int: "integer", bool: "boolean"}[type(values[0])]
                return {"type": kind, "enum": values}
            if head == "List":
                return {"type": "array", "items": self.schema(args[0], scope)}
            if head == "Dict":
                return {"type": "object", "additionalProperties": self.schema(args[1], scope)}
            if head == "UntypedStripeObject":
                return {"type": "object", "additionalProperties": self.schema(args[0], scope)}
            if head == "ExpandableField":
                target = args[0]
                # ExpandableField[Union[...]] names several
                targets = target.slice.elts if isinstance(target, ast.Subscript) else [target]
                options = [{"type": "string"}]
                for one in targets:
                    one = one.value if isinstance(one, ast.Constant) else dotted(one)
                    ref = self.gen.resource(one, self.imports) or {"type": "object"}
                    if ref not in options:
                        options.append(ref)
                return {"anyOf": options, "x-expandable": True}
            if head == "ListObject":
                return self.gen.listing(self.schema(args[0], scope))
            raise TypeError(head)
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = dotted(node)
            if name in SCALARS:
                return dict(SCALARS[name])
            local = self.find(name, scope)
            if local is not None:
                if self.response and "." not in local and local in RESOURCES:
                    ref = self.gen.resource(local, self.imports)
                    if ref:
                        return ref
                return self.object(local)
            if self.response:
                return self.gen.resource(name, self.imports) or {"type": "object"}
            module = self.imports.get(name)
            if module:
                other = self.gen.resolver(module, self.response)
                return other.object(name)
            raise TypeError(f"{self.rel}: cannot resolve {name}")
        raise TypeError(ast.dump(node))

    def _flatten(self, node):
        if isinstance(node, ast.BinOp):
            return self._flatten(node.left) + self._flatten(node.right)
        return [node]

    def union(self, nodes, scope):
        flat = []
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node = ast.parse(node.value.strip(), mode="eval").body
            flat.extend(self._flatten(node))
        schemas, nullable, emptyable = [], False, False
        for node in flat:
            one = self.schema(node, scope)
            if one == {"nullable": True}:
                nullable = True
            elif one.get("enum") == [""]:
                emptyable = True
            elif one not in schemas:
                schemas.append(one)
        # Literal[...] | str: the list of known values, written as an open enum
        enums = [s for s in schemas if "enum" in s]
        if enums and {"type": "string"} in schemas:
            schemas.remove({"type": "string"})
            for s in enums:
                s["x-open"] = True
        # Dict[str, str] | UntypedStripeObject[str] are the same thing on the wire
        if not schemas:
            result = {}
        elif len(schemas) == 1:
            result = dict(schemas[0])
        else:
            result = {"anyOf": schemas}
        if "$ref" in result and (nullable or emptyable):
            result = {"anyOf": [result]}
        if nullable:
            result["nullable"] = True
        if emptyable:
            result["x-unsettable"] = True
        return result

    # -- classes -----------------------------------------------------------
    def fields(self, name):
        node = self.classes[name]
        if isinstance(node, ast.Call):  # TypedDict("X", {...})
            for key, value in zip(node.args[1].keys, node.args[1].values, strict=False):
                yield key.value, value
            return
        for base in node.bases:
            base_name = dotted(base) if isinstance(base, (ast.Name, ast.Attribute)) else None
            if base_name in self.classes:
                yield from self.fields(base_name)
        for sub in node.body:
            if isinstance(sub, ast.AnnAssign) and isinstance(sub.target, ast.Name):
                if (
                    isinstance(sub.annotation, ast.Subscript)
                    and dotted(sub.annotation.value) == "ClassVar"
                ):
                    continue
                if sub.target.id.startswith("_"):
                    continue
                yield sub.target.id, sub.annotation

    def object(self, name):
        node = self.classes[name]
        attr_map = {}
        if isinstance(node, ast.ClassDef):
            for sub in node.body:  # _field_remappings / _attribute names
                if (
                    isinstance(sub, ast.Assign)
                    and getattr(sub.targets[0], "id", "") == "_field_remappings"
                ):
                    attr_map = ast.literal_eval(sub.value)
        properties, required = {}, []
        for field, annotation in self.fields(name):
            wire = attr_map.get(field, field)
            if not self.response:
                wire = wire[:-1] if wire.endswith("_") else wire
            properties[wire] = self.schema(annotation, name)
            optional = isinstance(annotation, ast.Subscript) and dotted(annotation.value) in (
                "NotRequired",
                "Optional",
            )
            if not optional:
                required.append(wire)
        out = {"type": "object", "properties": properties}
        if required:
            out["required"] = sorted(required)
        if not self.response:
            out["additionalProperties"] = False
        return out


class Generator:
    def __init__(self):
        self.resolvers, self.components, self.pending = {}, {}, []

    def resolver(self, rel, response):
        key = (rel, response)
        if key not in self.resolvers:
            self.resolvers[key] = Resolver(self, rel, response)
        return self.resolvers[key]

    def resource(self, name, imports):
        rel = imports.get(name)
        expected = RESOURCES.get(name)
        if expected is None or (rel is not None and rel != expected):
            return None
        return {"$ref": "#/components/schemas/" + self.component(name, expected)}

    def component(self, name, rel):
        res = self.resolver(rel, True)
        node = res.classes[name]
        key = name.lower()
        for sub in node.body:
            if isinstance(sub, ast.AnnAssign) and getattr(sub.target, "id", "") == "OBJECT_NAME":
                key = ast.literal_eval(sub.value)
        if key not in self.components:
            self.components[key] = None
            schema = res.object(name)
            schema["title"] = name
            self.components[key] = schema
        return key

    def listing(self, item):
        return {
            "type": "object",
            "required": ["data", "has_more", "object", "url"],
            "properties": {
                "object": {"type": "string", "enum": ["list"]},
                "data": {"type": "array", "items": item},
                "has_more": {"type": "boolean"},
                "url": {"type": "string"},
            },
        }

    # -- operations --------------------------------------------------------
    def operations(self):
        paths = {}
        for rel, keep in OPERATIONS.items():
            tree = parse(rel)
            imports = imports_of(tree)
            for cls in tree.body:
                if not isinstance(cls, ast.ClassDef):
                    continue
                for fn in cls.body:
                    if not isinstance(fn, ast.FunctionDef) or fn.name.startswith("_"):
                        continue
                    if keep is not None and fn.name not in keep:
                        continue
                    method, path = self._request_of(fn)
                    if method is None:
                        continue
                    paths.setdefault(path, {})[method] = self._operation(
                        cls, fn, method, path, imports
                    )
        return dict(sorted(paths.items()))

    def _request_of(self, fn):
        for node in ast.walk(fn):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "_request"
            ):
                method = node.args[0].value
                target = node.args[1]
                if isinstance(target, ast.Call):
                    target = target.func.value
                return method, target.value
        return None, None

    def _operation(self, cls, fn, method, path, imports):
        schema = {"type": "object", "properties": {}, "additionalProperties": False}
        for arg in fn.args.posonlyargs + fn.args.args:
            if arg.arg == "params":
                ann = arg.annotation
                if isinstance(ann, ast.Subscript):
                    ann = ann.slice
                name = ann.value if isinstance(ann, ast.Constant) else dotted(ann)
                schema = self.resolver(imports[name], False).object(name)
        response = self.response(fn.returns, imports)
        op = {
            "operationId": cls.name.replace("Service", "") + "." + fn.name,
            "responses": {
                "200": {
                    "description": "Successful response.",
                    "content": {"application/json": {"schema": response}},
                }
            },
        }
        parameters = [
            {"name": n, "in": "path", "required": True, "schema": {"type": "string"}}
            for n in re.findall(r"\{(\w+)\}", path)
        ]
        if method == "post":
            op["requestBody"] = {
                "required": bool(schema.get("required")),
                "content": {"application/x-www-form-urlencoded": {"schema": schema}},
            }
        else:
            for name, sub in schema["properties"].items():
                deep = sub.get("type") in ("array", "object") or "anyOf" in sub
                parameters.append(
                    {
                        "name": name,
                        "in": "query",
                        "explode": True,
                        "required": name in schema.get("required", ()),
                        "style": "deepObject" if deep else "form",
                        "schema": sub,
                    }
                )
        if parameters:
            op["parameters"] = parameters
        return op

    def response(self, ann, imports):
        if isinstance(ann, ast.Constant):
            ann = ast.parse(ann.value, mode="eval").body
        if isinstance(ann, ast.Subscript) and dotted(ann.value) == "ListObject":
            return self.listing(self.response(ann.slice, imports))
        name = dotted(ann)
        return self.resource(name, imports) or {"type": "object"}


def hoist(doc):
    """Move large inline objects that occur more than once into components."""
    counts, samples = {}, {}

    def digest(node):
        return hashlib.sha1(json.dumps(node, sort_keys=True).encode()).hexdigest()[:10]

    def scan(node):
        if isinstance(node, dict):
            if node.get("type") in ("object", "string", "array") and len(json.dumps(node)) > 260:
                key = digest(node)
                counts[key] = counts.get(key, 0) + 1
                samples[key] = node
                if counts[key] > 1:
                    return
            for value in node.values():
                scan(value)
        elif isinstance(node, list):
            for value in node:
                scan(value)

    scan(doc["paths"])
    scan(doc["components"]["schemas"])
    shared = {k for k, n in counts.items() if n > 1}

    def rewrite(node, top=False):
        if isinstance(node, dict):
            if (
                not top
                and node.get("type") in ("object", "string", "array")
                and len(json.dumps(node)) > 260
            ):
                key = digest(node)
                if key in shared:
                    name = "shared_" + key
                    if name not in doc["components"]["schemas"]:
                        doc["components"]["schemas"][name] = None
                        doc["components"]["schemas"][name] = rewrite(node, True)
                    return {"$ref": "#/components/schemas/" + name}
            return {k: rewrite(v) for k, v in node.items()}
        if isinstance(node, list):
            return [rewrite(v) for v in node]
        return node

    doc["paths"] = rewrite(doc["paths"])
    for name in list(doc["components"]["schemas"]):
        if not name.startswith("shared_"):
            doc["components"]["schemas"][name] = rewrite(doc["components"]["schemas"][name], True)
    return doc


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fixtures")
    here = pathlib.Path(__file__).parent
    parser.add_argument("--out", default=str(here / "spec" / "marketplace.openapi.json"))
    args = parser.parse_args()

    gen = Generator()
    paths = gen.operations()
    for name, rel in RESOURCES.items():
        if (ROOT / (rel + ".py")).exists() and name in gen.resolver(rel, True).classes:
            gen.component(name, rel)

    if args.fixtures:
        fixtures = json.loads(pathlib.Path(args.fixtures).read_text(encoding="utf-8"))["resources"]
        for key, schema in gen.components.items():
            sample = fixtures.get(key)
            if sample:
                schema["x-present"] = sorted(
                    k
                    for k, v in sample.items()
                    if v is None
                    and k in schema["properties"]
                    and k not in schema.get("required", ())
                )

    doc = {
        "openapi": "3.0.0",
        "info": {
            "title": "Stripe API, the part a marketplace uses",
            "version": _ApiVersion.CURRENT,
            "x-sdk": "stripe-python " + stripe.VERSION,
            "description": (
                "Trimmed description of Stripe's REST API, rebuilt by build_spec.py from the "
                "type declarations of the stripe-python release named in x-sdk, which Stripe "
                "generates from its OpenAPI document for the API version above. Lengths and "
                "patterns are not declared there and so not here; enumerations marked x-open may "
                "grow."
            ),
            "license": {
                "name": "MIT",
                "x-copyright": "Copyright (c) 2011- Stripe, Inc. (https://stripe.com)",
            },
        },
        "servers": [{"url": "https://api.stripe.com/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(gen.components.items()))},
    }
    hoist(doc)
    text = json.dumps(doc, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    out = pathlib.Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    ops = sum(len(v) for v in doc["paths"].values())
    print(
        f"{out.name}: API {_ApiVersion.CURRENT}, {ops} operations, "
        f"{len(doc['components']['schemas'])} schemas, {len(text)} bytes",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
