"""What a file is, told by its content and never by its name."""

import codecs
import csv
import io
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from charset_normalizer import from_bytes
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.imports.errors import BadFile

CSV, JSONL, PARQUET = "csv", "jsonl", "parquet"
#: Encodings that a person may choose when the bytes do not say.
ENCODINGS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "shift_jis", "euc_kr",
    "windows-1252", "windows-1250", "windows-1251", "iso-8859-15",
)  # fmt: skip
DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_SAMPLE = 256 * 1024
#: So many of the letters beyond ASCII must be UTF-8 for the others to be slips; in other encodings few are.
_MOSTLY = 0.3
#: Bytes that files of other kinds begin with, and what to do with them.
_OTHERS: tuple[tuple[bytes, Any], ...] = (
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"%PDF", "other"),
    (b"\x89PNG", "other"),
    (b"\xff\xd8\xff", "other"),
    (b"GIF8", "other"),
    (b"SQLite format 3", "other"),
    (b"7z\xbc\xaf", "packed"),
    (b"Rar!", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written. `sure` says whether the bytes prove the encoding."""

    format: str
    encoding: str = "utf-8"
    sure: bool = True
    delimiter: str = ","
    packed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored with the import."""
        return asdict(self)


def unpack(source: IO[bytes] | Iterable[bytes], target: Path) -> tuple[int, bool]:
    """Write an upload to a file, unpacking gzip on the way. Return its size and whether it was packed.

    Raises BadFile when it is empty, larger than `settings.IMPORT_MAX_BYTES` unpacked, or when it unpacks
    to more than `settings.IMPORT_MAX_RATIO` times its own size, as no data does.
    """
    chunks = iter(lambda: source.read(_CHUNK), b"") if hasattr(source, "read") else iter(source)
    taken = written = 0
    inflate: Any = None
    with target.open("wb") as out:
        for chunk in chunks:
            if not taken:
                inflate = zlib.decompressobj(wbits=31) if chunk[:2] == b"\x1f\x8b" else None
            taken += len(chunk)
            for part in _inflated(inflate, chunk) if inflate else [chunk]:
                written += len(part)
                _check_size(taken, written, packed=inflate is not None)
                out.write(part)
    if not written:
        raise BadFile(_("The file is empty."))
    if inflate is not None and not inflate.eof:
        raise BadFile(_("The packed file ends too early. Upload it again."))
    return written, inflate is not None


def _inflated(inflate: Any, chunk: bytes) -> Iterable[bytes]:
    try:
        while chunk and not inflate.eof:
            yield inflate.decompress(chunk, _CHUNK)
            chunk = inflate.unconsumed_tail
    except zlib.error:
        raise BadFile(_("The packed file is damaged. Pack it again with gzip.")) from None
    if inflate.eof and (inflate.unused_data or chunk):
        rest = (inflate.unused_data or chunk).strip(b"\0")
        if rest:
            raise BadFile(_("The packed file holds several parts. Pack it again as one."))


def _check_size(taken: int, written: int, *, packed: bool) -> None:
    limit = settings.IMPORT_MAX_BYTES
    if written > limit:
        raise BadFile(
            _("The file is larger than %(limit)d MB. Split it into several.") % {"limit": limit // 1_000_000}
        )
    if packed and written > 10 * _CHUNK and written > taken * settings.IMPORT_MAX_RATIO:
        raise BadFile(_("The packed file unpacks to far more than data do. It is not taken."))


def shape_of(path: Path, *, packed: bool = False) -> Shape:
    """Return how a file is written. Raises BadFile for what is no table, with how to make it one."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if head[:4] == b"PAR1":
        return Shape(PARQUET, packed=packed)
    _refuse(head)
    encoding, sure = _encoding(path, head)
    sample = head.decode(encoding, "replace").lstrip("\ufeff")
    _refuse_text(sample)
    if sample.lstrip().startswith("{"):
        return Shape(JSONL, encoding, sure, packed=packed)
    return Shape(CSV, encoding, sure, delimiter_of(sample), packed)


def _refuse(head: bytes) -> None:
    kind = next((kind for magic, kind in _OTHERS if head.startswith(magic)), None)
    if head.startswith(b"PK\x03\x04"):
        kind = "excel" if b"xl/" in head or b"[Content_Types].xml" in head[:4096] else "packed"
    if kind == "excel":
        raise BadFile(
            _("This is an Excel workbook. In Excel choose File → Save as → CSV UTF-8, and upload that file.")
        )
    if kind == "packed":
        raise BadFile(_("This is an archive. Unpack it and upload the file inside, or pack it with gzip."))
    if kind:
        raise BadFile(_("This is no table. Upload CSV, JSON Lines or Parquet."))


def _refuse_text(sample: str) -> None:
    start = sample.lstrip()[:200].lower()
    if start.startswith(("<?xml", "<!doctype", "<html")):
        raise BadFile(_("This is a web page or XML. Upload CSV, JSON Lines or Parquet."))
    if start.startswith("["):
        raise BadFile(_("This is one JSON array. Write one object on each line (JSON Lines)."))
    if not start:
        raise BadFile(_("The file is empty."))


def _encoding(path: Path, head: bytes) -> tuple[str, bool]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if head.startswith(mark):
            return name, True
    if wide := _without_mark(head):
        return wide, True
    wrong = _not_utf8(path)
    if wrong is None:
        return "utf-8", True
    if wrong.valid_share >= _MOSTLY:
        return "utf-8", True  # a slip here and there: its rows are named, the others are good
    return _guessed(wrong.sample), False


def _without_mark(head: bytes) -> str | None:
    """Tell UTF-16 without its mark by the zeros beside Latin letters, as of delimiters."""
    pairs = head[: 4096 // 2 * 2]
    if len(pairs) < 4:
        return None
    even, odd = pairs[::2].count(0) / (len(pairs) / 2), pairs[1::2].count(0) / (len(pairs) / 2)
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.05 else None


@dataclass(frozen=True, slots=True)
class _NotUtf8:
    sample: bytes
    valid_share: float


def _not_utf8(path: Path) -> _NotUtf8 | None:
    """Read the whole file as UTF-8 and say how much of it is not; None when all is. About 1 s a GB."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    wrong = total = 0
    sample = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if not text.isascii():
                found = sum("\udc80" <= c <= "\udcff" for c in text)
                if found and not sample:
                    sample = chunk
                wrong += found
                total += sum(not c.isascii() for c in text)
    if decoder.getstate()[0]:
        wrong += 1
        total += 1
    if not wrong:
        return None
    return _NotUtf8(sample or path.read_bytes()[:_SAMPLE], 1 - wrong / max(total, 1))


def _guessed(sample: bytes) -> str:
    """Guess an encoding among those offered; a person confirms it."""
    lines = [line for line in sample.splitlines()[:2000] if not line.isascii()]
    best = from_bytes(b"\n".join(lines[:400]), cp_isolation=["gb18030", "big5", "shift_jis", "euc_kr",
        "windows-1252", "windows-1250", "windows-1251"]).best()  # fmt: skip
    name = (best.encoding if best else "gb18030").replace("_", "-")
    known = {
        "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251",
        "shift-jis": "shift_jis",
        "euc-kr": "euc_kr",
    }  # fmt: skip
    return known.get(name, name)


def delimiter_of(sample: str) -> str:
    """Return the sign that parts the first rows most evenly; a comma when there is one column only."""
    cut = sample[: sample.rfind("\n") + 1] or sample
    best, score = ",", 0.0
    for delimiter in DELIMITERS:
        rows = []
        try:
            for row in csv.reader(io.StringIO(cut[:65536]), delimiter=delimiter):
                if row:
                    rows.append(len(row))
                if len(rows) == 20:
                    break
        except csv.Error:
            pass
        if not rows or rows[0] < 2:
            continue
        even = sum(n == rows[0] for n in rows) / len(rows)
        if even * (1 + rows[0] / 1000) > score:
            best, score = delimiter, even * (1 + rows[0] / 1000)
    return best
