"""From TOML tables to structs, with every mistake noted on the way.

A decoder stops at the first mistake; an operator wants them all.  So the tables are walked beside the types: each
single value is converted alone, a bad one is noted and its default taken instead, and an unknown key is noted with
the key that was probably meant.  A table without a key that it must have yields no struct.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from .problems import Problem, shown

NOT_YET = {
    ("ports", "modem"): "this version has no modem ports yet; the types 'sip' and 'virtual' are allowed",
}
"""Words of later versions: known, so that the mistake is not taken for a slip, and refused."""

TEXT = "text in quotes"


class Parsed(Protocol):
    """A type that reads its own text; ``parse`` raises ValueError with what is allowed."""

    def parse(self, text: str, /) -> object:
        """The value that *text* spells."""


class Reader:
    """Reads one document; ``problems`` grows on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def table(self, kind: type[msgspec.Struct], raw: object, path: str, base: msgspec.Struct | None = None) -> Any:
        """The struct of type *kind* that *raw* holds, or None if it cannot be made.

        What *raw* leaves out is taken from *base*, if there is one, else from the defaults of the type.
        """
        if not isinstance(raw, dict):
            return self._note(path, raw, f"this is a table: [{path}], with the keys {_words(_keys(kind))}")
        hints = get_type_hints(kind, include_extras=True)
        values = _defaults(kind, base)
        for key, value in raw.items():
            here = f"{path}.{key}" if path else key
            if key not in _keys(kind):
                self._note(here, None, _unknown(key, _keys(kind)))
            elif key in hints and (made := self._value(hints[key], value, here, values.get(key))) is not None:
                values[key] = made
        missing = [name for name in _required(kind) if name not in values]
        for name in missing:
            if name not in raw:
                self._note(f"{path}.{name}", None, f"this key must be there: {allowed(hints[name])}")
        return None if missing else kind(**values)

    def _value(self, hint: Any, raw: object, path: str, default: object = None) -> Any:
        if isinstance(default, msgspec.Struct):
            return self.table(type(default), raw, path, default)
        if get_origin(hint) in (tuple, frozenset):
            return self._list(hint, raw, path)
        try:
            parser = _parser(hint)
            if parser is not None and isinstance(raw, str):
                return parser.parse(raw)
            return msgspec.convert(raw, hint) if parser is None else self._note(path, raw, f"allowed is {TEXT}")
        except msgspec.ValidationError:
            return self._note(path, raw, f"allowed is {allowed(hint)}")
        except ValueError as error:
            return self._note(path, raw, str(error))

    def _list(self, hint: Any, raw: object, path: str) -> Any:
        item = get_args(hint)[0]
        if not isinstance(raw, list):
            return self._note(path, raw, f"this is a list, each of {allowed(item)}")
        kinds = _structs(item)
        made = []
        for index, value in enumerate(raw):
            here = f"{path}[{index}]"
            if not kinds:
                made.append(self._value(item, value, here))
            elif (kind := self._chosen(kinds, value, here)) is not None:
                made.append(self.table(kind, value, here))
        return get_origin(hint)(value for value in made if value is not None)

    def _chosen(self, kinds: list[type[msgspec.Struct]], raw: object, path: str) -> Any:
        """The struct among *kinds* that the table's ``type`` names; the only one where there is no ``type``."""
        tags = {kind.__struct_config__.tag: kind for kind in kinds}
        if None in tags or not isinstance(raw, dict):
            return kinds[0]
        named = raw.get("type")
        if isinstance(named, str) and named in tags:
            return tags[named]
        where = f"{path}.type"
        refused = NOT_YET.get((path.partition("[")[0], str(named)))
        words = f"allowed is {_words(map(str, tags))}"
        return self._note(where, named, refused or (words if named is not None else f"this key must be there: {words}"))

    def _note(self, path: str, value: object, message: str) -> None:
        text = "" if value is None else shown(path, value)
        self.problems.append(Problem(key_path=path, value=text, message=message))


def allowed(hint: Any) -> str:
    """What the type *hint* takes, for people."""
    if _structs(hint):
        return "a table"
    if _parser(hint) is not None:
        return TEXT
    return _allowed(inspect.type_info(hint))


def _allowed(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return str((extra or {}).get("description") or _allowed(inner))
        case inspect.UnionType(types=types):
            return " or ".join(_allowed(one) for one in types if not isinstance(one, inspect.NoneType))
        case inspect.EnumType(cls=cls):
            return _words(f'"{member.value}"' for member in cls)
        case inspect.LiteralType(values=values):
            return _words(f'"{value}"' if isinstance(value, str) else str(value) for value in values)
        case inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            return f"a list, each of {_allowed(item)}"
        case inspect.IntType(ge=int(low), le=int(high)):
            return f"a whole number from {low} to {high}"
    plain: dict[type[inspect.Type], str] = {
        inspect.BoolType: "true or false",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.StrType: TEXT,
    }
    return plain.get(type(kind), "another type")


def _words(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _options(hint: Any) -> list[Any]:
    """The types of a union without None; a list of one for any other type."""
    union = get_origin(hint) in (Union, UnionType)
    return [option for option in get_args(hint) if option is not NoneType] if union else [hint]


def _parser(hint: Any) -> Parsed | None:
    options = _options(hint)
    return options[0] if len(options) == 1 and hasattr(options[0], "parse") else None


def _structs(hint: Any) -> list[type[msgspec.Struct]]:
    return [kind for kind in _options(hint) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]


def _keys(kind: type[msgspec.Struct]) -> list[str]:
    tag = kind.__struct_config__.tag_field
    return [*([tag] if tag else []), *kind.__struct_fields__]


def _defaults(kind: type[msgspec.Struct], base: msgspec.Struct | None) -> dict[str, Any]:
    """The values of a table in which nothing stands, without those that must stand there."""
    if base is not None:
        return {name: getattr(base, name) for name in kind.__struct_fields__}
    fields = msgspec.structs.fields(kind)
    return {field.name: field.default for field in fields if field.default is not msgspec.NODEFAULT}


def _required(kind: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if field.required]


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1) or get_close_matches(key.replace("-", "_").lower(), known, n=1)
    if near:
        return f"there is no such key; did you mean {near[0]}?"
    return f"there is no such key; allowed are {', '.join(known)}"
