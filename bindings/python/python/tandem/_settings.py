"""A receiver's keys and values as the configuration wants them: TOML texts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, Union

Value: TypeAlias = Union[str, bool, int, float, "os.PathLike[str]", Sequence["Value"]]
Settings: TypeAlias = Mapping[str, Union[Value, "Settings"]]


def toml(value: Value) -> str:
    """A value as TOML. Strings are always text: "3" is not the number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, os.PathLike)):
        # JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped, and for
        # escapes of halves of letters, which TOML does not know: letters stay as they are.
        return json.dumps(os.fspath(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{', '.join(map(toml, value))}]"
    raise TypeError(f"{value!r} is no value of a setting")


def flat(settings: Settings, under: str = "") -> Iterator[tuple[str, str]]:
    """Every key with its table's names before it, dotted, and its value as TOML."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{under}{name}.")
        else:
            yield f"{under}{name}", toml(value)
