"""Bodies of Segment's calls: JSON under several names, compressed or not."""

import io
import zlib
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from core.parsers import JSONParser


class CallParser(JSONParser):
    """Read JSON, gzipped where the header says so, up to `settings.API_MAX_BODY_BYTES` unpacked."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the decoded body. Raises ParseError (400), or TooLarge (413), which no SDK repeats."""
        request = (parser_context or {}).get("request")
        encoding = request.headers.get("Content-Encoding", "").lower() if request is not None else ""
        if encoding in ("gzip", "x-gzip"):
            stream = io.BytesIO(_unpack(stream.read(settings.API_MAX_BODY_BYTES + 1)))
        return super().parse(stream, media_type, parser_context)


class PlainTextParser(CallParser):
    """The same as text/plain: what a browser may send across origins without asking first."""

    media_type = "text/plain"


def _unpack(packed: bytes) -> bytes:
    """Unpack gzip, never more than the limit and one byte: a bomb is noticed by that byte."""
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        return machine.decompress(packed, settings.API_MAX_BODY_BYTES + 1)
    except zlib.error:
        raise ParseError(_("The body is not gzip, though Content-Encoding says so.")) from None
