"""The variables of kickstarts: declared in variables.toml, converted by type, checked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from builder.errors import BuilderError, ConfigError, UsageError, suggest
from builder.kickstart.masking import mask
from builder.model.hiding import MARK
from builder.model.kickstart import Value, Variable
from builder.paths.reading import is_file, read_toml

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False, "no": False, "off": False, "0": False
}  # fmt: skip
_LARGEST = 1 << 40
COMMAND_LINE = "--set"
"""The layer that the command line gives; its errors are the user's typing, not a file's."""


def declared(folders: Sequence[Path]) -> dict[str, Variable]:
    """Read the declarations; those of an earlier folder come on top. Raises ConfigError."""
    found: dict[str, Variable] = {}
    for folder in reversed(folders):
        path = folder / "variables.toml"
        if is_file(path):
            found |= _read(path)
    return found


def _read(path: Path) -> dict[str, Variable]:
    try:
        table = msgspec.convert(read_toml(path), dict[str, Variable])
        for variable in table.values():
            re.compile(variable.pattern)
    except (msgspec.ValidationError, re.error) as error:
        raise ConfigError(
            f"{path} is wrong: {error}.", hint="Each variable needs a help and a default."
        ) from error
    return table


def resolve(
    known: Mapping[str, Variable], layers: Iterable[tuple[str, Mapping[str, object]]]
) -> dict[str, Value]:
    """Return every variable's value: its default, or that of the last layer that gives one.

    A layer is its name for messages and its values, of the right type already (from TOML).
    Raises ConfigError for unknown names, wrong types and values that the pattern refuses.
    """
    values: dict[str, Value] = {name: variable.default for name, variable in known.items()}
    for origin, layer in layers:
        for name, value in layer.items():
            values[name] = _checked(known, name, value, origin)
    return values


def convert(known: Mapping[str, Variable], texts: Mapping[str, str]) -> dict[str, object]:
    """Give texts (--set name=value) the types of their variables; lists are split at commas."""
    return {
        name: _from_text(_variable(known, name, COMMAND_LINE), name, texts[name]) for name in texts
    }


def _variable(known: Mapping[str, Variable], name: str, origin: str) -> Variable:
    if name not in known:
        raise _error(origin, f"there is no variable {name!r}.", hint=suggest(name, known))
    return known[name]


def _from_text(variable: Variable, name: str, text: str) -> object:
    default: Any = variable.default
    if isinstance(default, bool):
        if text.lower() not in _BOOLEANS:
            raise _refused(COMMAND_LINE, name, text, "true or false")
        return _BOOLEANS[text.lower()]
    if isinstance(default, int):
        if not re.fullmatch("[0-9]{1,12}", text):
            raise _refused(COMMAND_LINE, name, text, "a whole number")
        return int(text)
    if isinstance(default, tuple):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    return text


def _checked(known: Mapping[str, Variable], name: str, value: object, origin: str) -> Value:
    variable = _variable(known, name, origin)
    default = variable.default
    # bool first, as Python's bool is an int.
    if isinstance(default, bool) and isinstance(value, bool):
        return value
    if type(default) is int and type(value) is int and 0 <= value <= _LARGEST:
        return value
    if isinstance(default, str) and isinstance(value, str):
        return _matching(variable, name, value, origin)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_matching(variable, name, item, origin) for item in value)
    raise _refused(origin, name, value, _kind(default))


def _matching(variable: Variable, name: str, text: object, origin: str) -> str:
    if not isinstance(text, str) or not re.fullmatch(variable.pattern, text):
        raise _refused(origin, name, text, f"text that matches {variable.pattern}")
    return text


def _kind(default: Value) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, int):
        return "a whole number"
    return "text" if isinstance(default, str) else "a list of texts"


def _refused(origin: str, name: str, value: object, wanted: str) -> BuilderError:
    said = f"{name}={value}"
    shown = repr(value) if mask(said) == said else MARK
    return _error(origin, f"{name} cannot be {shown}.", hint=f"It must be {wanted}.")


def _error(origin: str, message: str, *, hint: str) -> BuilderError:
    kind = UsageError if origin == COMMAND_LINE else ConfigError
    return kind(f"{origin}: {message}", hint=hint)
