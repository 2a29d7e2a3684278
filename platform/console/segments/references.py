"""What a person pastes or uploads, read as references to customers, with what is wrong in which line."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

MOST = 100_000  # lines
LARGEST = 10_000_000  # bytes
#: A first line of one of these is a heading.
_HEADINGS = {
    "id",
    "customer",
    "customer id",
    "customer_id",
    "external_id",
    "email",
    "e-mail",
    "mail",
    "客户",
    "客户id",
    "邮箱",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A reference with its place."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that was not taken, and why."""

    line: Line
    reason: str


class Unreadable(ValueError):
    """What was pasted or uploaded cannot be read at all."""


def read(text: str, upload: Any) -> tuple[list[Line], list[Fault]]:
    """Return the references, one a line or in the first column, and the lines that hold none.

    Raises Unreadable when there is nothing, too much, or no text in the file.
    """
    if upload is not None:
        if upload.size > LARGEST:
            raise Unreadable(
                _("The file is larger than %(mb)d MB. Bring it in under Import.") % {"mb": LARGEST // 10**6}
            )
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unreadable(_("This is not a text in UTF-8. Save it as CSV UTF-8.")) from None
    lines, faults, seen = [], [], {}
    for number, row in enumerate(_rows(text), start=1):
        line = Line(number, row)
        if not row or (number == 1 and row.lower() in _HEADINGS):
            continue
        if "\0" in row or len(row) > 320:
            faults.append(
                Fault(Line(number, row[:50].replace("\0", "�")), _("This is neither an id nor an address."))
            )
        elif row in seen:
            faults.append(Fault(line, _("The same as line %(n)d.") % {"n": seen[row]}))
        else:
            seen[row] = number
            lines.append(line)
    if not lines and not faults:
        raise Unreadable(_("Paste ids or e-mail addresses, one a line, or choose a file."))
    if len(lines) > MOST:
        raise Unreadable(_("More than %(n)s lines. Bring them in under Import.") % {"n": f"{MOST:,}"})
    return lines, faults


def _rows(text: str) -> list[str]:
    """Return the first cell of each line, whatever separates the cells."""
    rows = []
    for raw in text.splitlines():
        first = next((mark for mark in raw if mark in ",;\t"), ",")
        try:
            cells = next(csv.reader(io.StringIO(raw), delimiter=first), [])
        except csv.Error:
            cells = [raw]
        rows.append(cells[0].strip() if cells else "")
    return rows
