"""JSON schema of a section and all below it, for editors that complete and check YAML as it is typed."""

from typing import Any, get_args, get_origin

import attrs
import msgspec

from perpbot.config.kinds import Kind, Schema, Variable
from perpbot.config.section import Section, default_of, kind_of, meaning_of, names_of, section_in

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{"}
"""A value taken from the environment; what it will be, nobody knows yet."""
_NOTHING: Schema = {"type": "null"}


def schema_text(cls: type[Section]) -> str:
    """The schema of `cls` as the text of a JSON file."""
    definitions: dict[str, Schema] = {}
    _define(cls, definitions)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "PerpBot configuration",
        "$ref": f"#/$defs/{cls.__name__}",
        "$defs": definitions,
    }
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode(whole), indent=2).decode() + "\n"


def _define(cls: type[Section], definitions: dict[str, Schema]) -> Schema:
    """Put the schema of `cls` among the definitions, where it is not yet, and refer to it."""
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        definitions[cls.__name__] = _section(cls, definitions)
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _section(cls: type[Section], definitions: dict[str, Schema]) -> Schema:
    fields = attrs.fields_dict(cls)
    required = [name for name, attribute in fields.items() if default_of(attribute) is attrs.NOTHING]
    schema: Schema = {
        "type": ["object", "null"],
        "description": (cls.__doc__ or "").splitlines()[0],
        "properties": {name: _key(attribute, definitions) for name, attribute in fields.items()},
        "additionalProperties": False,
    }
    if required:
        schema |= {"type": "object", "required": required}
    if not cls.shorthand:
        return schema
    return {"anyOf": [schema, _single(kind_of(fields[cls.shorthand]))]}


def _key(attribute: "attrs.Attribute[Any]", definitions: dict[str, Schema]) -> Schema:
    about: Schema = {"description": meaning_of(attribute)}
    inner, names = section_in(attribute), names_of(attribute)
    if inner is not None and names is not None:
        named = {"propertyNames": names.schema(), "additionalProperties": _define(inner, definitions)}
        return {**about, "type": "object", **named}
    if inner is not None and get_origin(attribute.type) is tuple:
        return {**about, "type": "array", "items": _define(inner, definitions)}
    if inner is not None:
        return {**about, **_define(inner, definitions)}
    kind, default = kind_of(attribute), default_of(attribute)
    about["description"] += f" Allowed: {kind.allowed}."
    if default not in {None, attrs.NOTHING}:
        about["default"] = default
    schema = _shape(attribute.type, kind)
    return {**about, "anyOf": [schema, _NOTHING]} if default is None else {**about, **schema}


def _shape(shape: Any, kind: Kind) -> Schema:
    if get_origin(shape) is not tuple:
        return _single(kind)
    inner = get_args(shape)
    items = {"type": "array", "items": _shape(inner[0], kind)}
    return items if inner[-1] is ... else {**items, "minItems": len(inner), "maxItems": len(inner)}


def _single(kind: Kind) -> Schema:
    return kind.schema() if isinstance(kind, Variable) else {"anyOf": [kind.schema(), _REFERENCE]}
