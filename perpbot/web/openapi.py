"""The description of all routes, OpenAPI 3.1, from their declarations."""

import ast
import inspect
import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Any, is_typeddict

import attrs
import msgspec

from perpbot import __version__
from perpbot.web.route import JSON, Access, Route

Schema = dict[str, Any]

REASONS = {
    400: "The request cannot be read",
    401: "No token, or one that is not good",
    403: "The token's scope does not allow it, or the request comes from another site",
    404: "There is nothing of that name",
    409: "It cannot be done as things are: there is nothing of that name, or not now",
    413: "The body is too large",
    415: "The body is of a type that is not read here",
    422: "The query or the body is not as described",
    429: "Too many attempts; wait as long as Retry-After says",
    500: "Something went wrong; the log has the details",
    503: "Who is needed for it does not answer",
}
PROBLEM: Schema = {
    "type": "object",
    "description": "A problem, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def describe(routes: Iterable[Route]) -> Schema:
    """The whole description."""
    every = list(routes)
    types = [kind for route in every for kind in (route.given, route.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    for kind in _named(types):
        _explain(kind, components)
    paths: dict[str, Schema] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "PerpBot", "version": __version__, "description": "See docs/api.md."},
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "ticket": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }


def summary(route: Route) -> str:
    """What the route does, one sentence."""
    return (inspect.getdoc(route.handle) or "").split("\n")[0].rstrip(".")


def _operation(route: Route, by_type: dict[int, Schema], components: dict[str, Schema]) -> Schema:
    operation: Schema = {"operationId": route.name, "summary": summary(route)}
    if route.access is not Access.OPEN:
        operation["security"] = [{"token": []}, *([{"ticket": []}] if route.access is Access.QUERY else [])]
        operation["x-scope"] = route.scope.value
    if route.given is not None and route.method == "GET":
        operation["parameters"] = list(_parameters(components[route.given.__name__]))
    elif route.given is not None:
        content, body = {"schema": by_type[id(route.given)]}, components[route.given.__name__]
        body["additionalProperties"] = False
        media = [JSON, *(["application/x-www-form-urlencoded"] if route.form else [])]
        required = bool(body.get("required"))
        operation["requestBody"] = {"required": required, "content": dict.fromkeys(media, content)}
    schema = by_type[id(route.answer)] if route.answer is not None else {"type": "string"}
    operation["responses"] = {"200": {"description": "As asked", "content": {route.media: {"schema": schema}}}}
    for status in problems(route):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"][str(status)] = {"description": REASONS[status], "content": content}
    return operation


def problems(route: Route) -> list[int]:
    """Statuses of the problems that a route can answer with."""
    found = {*route.problems, 403, 500}
    if route.access is not Access.OPEN:
        found |= {401, 503}
    if route.given is not None:
        found |= {422} if route.method == "GET" else {400, 413, 415, 422}
    return sorted(found)


def _parameters(schema: Schema) -> Iterable[Schema]:
    for name, value in schema["properties"].items():
        about = {"description": value.pop("description")} if "description" in value else {}
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": value, **about}


def _named(types: Iterable[Any]) -> list[type]:
    """All the classes of ours among `types` and in their fields."""
    found: dict[type, None] = {}
    waiting = list(types)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and (attrs.has(kind) or is_typeddict(kind)):
            if kind not in found:
                found[kind] = None
                waiting += inspect.get_annotations(kind, eval_str=True).values()
        else:
            waiting += getattr(kind, "__args__", ())
    return list(found)


def _explain(kind: type, components: dict[str, Schema]) -> None:
    """Put what the source says of each field into the schema."""
    properties = components.get(kind.__name__, {}).get("properties", {})
    for name, text in explanations(kind).items():
        if name in properties and "$ref" not in properties[name]:
            properties[name]["description"] = text


@cache
def explanations(kind: type) -> dict[str, str]:
    """The documentation of each field: the text below it in the source of its class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(body, ast.ClassDef):
        return {}
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(text):
            found[field.target.id] = " ".join(text.value.value.split())  # type: ignore[attr-defined]
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
