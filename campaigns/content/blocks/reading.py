"""Read a message's blocks from JSON, strictly: every mistake is named with its place."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from django.utils.translation import gettext as _

from .fields import Member, invalid
from .kinds import ALONE, IN_COLUMNS, IN_CONDITIONS, KINDS, Block, Columns, Conditional

MOST_BLOCKS = 100
MOST_COLUMNS = 3
_ID = re.compile(r"[a-z][a-z0-9]{0,15}")


def members_of(kind: type[Block]) -> dict[str, Member]:
    """Return the members of a kind of block by name."""
    found = {each.name: each.metadata["member"] for each in fields(kind) if "member" in each.metadata}
    only = found.pop("only")  # what a block says comes before whom it is shown to
    if kind.kind not in ALONE:
        found["only"] = only
    return found


def parse_blocks(value: Any, *, channel: str = "") -> list[Block]:
    """Read a message's blocks. Raises TemplateInvalid with the place, as `blocks.2.url`.

    Blocks without an id, as those of language version 1, get one by their place.
    """
    if not isinstance(value, list) or not 0 < len(value) <= MOST_BLOCKS:
        raise invalid("blocks", _("Write a list of 1 to %(most)d blocks.") % {"most": MOST_BLOCKS})
    reader = _Reader(channel)
    blocks = [reader.block(block, f"blocks.{place}", KINDS) for place, block in enumerate(value)]
    alone = [block.kind for block in blocks if block.kind in ALONE]
    if alone and len(blocks) > 1:
        raise invalid("blocks", _("A block of the kind “%(kind)s” stands alone.") % {"kind": alone[0]})
    return blocks


class _Reader:
    """One reading: ids are unique over all of it."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._ids: set[str] = set()

    def block(self, value: Any, path: str, allowed: Collection[str]) -> Block:
        kind = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in allowed:
            known = ", ".join(name for name in KINDS if name in allowed)
            raise invalid(f"{path}.kind", _("There are: %(names)s.") % {"names": known})
        made = KINDS[kind]
        if self._channel and self._channel not in made.channels:
            raise invalid(f"{path}.kind", _("This block does not go into a message of this channel."))
        members = members_of(made)
        for name in value:
            if name not in members and name not in ("kind", "id"):
                raise invalid(f"{path}.{str(name)[:40]}", _("This is not known here."))
        read: dict[str, Any] = {}
        for name, member in members.items():
            if name in value:
                read[name] = self._value(made, name, member, value[name], f"{path}.{name}")
            elif member.required:
                raise invalid(f"{path}.{name}", _("This is missing."))
        if made is Conditional and read["when"] is None:
            raise invalid(f"{path}.when", _("This is missing."))
        return made(id=self._id(value.get("id"), path), **read)

    def _value(self, made: type[Block], name: str, member: Member, value: Any, path: str) -> Any:
        if made is Columns and name == "columns":
            if not isinstance(value, list) or not 2 <= len(value) <= MOST_COLUMNS:
                raise invalid(path, _("Write two or three columns."))
            return tuple(
                self._inner(column, f"{path}.{place}", IN_COLUMNS) for place, column in enumerate(value)
            )
        if made is Conditional and name in ("blocks", "otherwise"):
            return self._inner(value, path, IN_CONDITIONS)
        return member.read(value, path)

    def _inner(self, value: Any, path: str, allowed: Collection[str]) -> tuple[Block, ...]:
        if not isinstance(value, list) or len(value) > MOST_BLOCKS:
            raise invalid(path, _("Write a list of blocks."))
        return tuple(self.block(block, f"{path}.{place}", allowed) for place, block in enumerate(value))

    def _id(self, given: Any, path: str) -> str:
        if given is None:
            number = len(self._ids) + 1
            while f"b{number}" in self._ids:
                number += 1
            given = f"b{number}"
        if not isinstance(given, str) or not _ID.fullmatch(given) or given in self._ids:
            raise invalid(f"{path}.id", _("Write letters and digits that no other block has."))
        self._ids.add(given)
        return given


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield all blocks, those within others after them."""
    for block in blocks:
        yield block
        if isinstance(block, Columns):
            for column in block.columns:
                yield from walk(column)
        elif isinstance(block, Conditional):
            yield from walk((*block.blocks, *block.otherwise))


def with_ids(value: Any) -> Any:
    """Return blocks as JSON with an id each, as the editor and translations need them.

    What cannot be read as blocks is left as it is: the reader will name it.
    """
    taken = {str(block.get("id")) for block in raw(value)}
    numbers = (f"b{n}" for n in range(1, 10**6))

    def copy(block: Any) -> Any:
        if not isinstance(block, dict):
            return block
        made = dict(block)
        if "id" not in made:
            made = {"id": next(name for name in numbers if name not in taken), **made}
        for name in ("blocks", "otherwise"):
            if isinstance(made.get(name), list):
                made[name] = [copy(one) for one in made[name]]
        if isinstance(made.get("columns"), list):
            made["columns"] = [
                [copy(one) for one in column] if isinstance(column, list) else column
                for column in made["columns"]
            ]
        return made

    return [copy(block) for block in value] if isinstance(value, list) else value


def raw(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all blocks of JSON that need not be valid."""
    for block in value if isinstance(value, list) else ():
        if isinstance(block, dict):
            yield block
            for name in ("blocks", "otherwise"):
                yield from raw(block.get(name))
            for column in block["columns"] if isinstance(block.get("columns"), list) else ():
                yield from raw(column)
