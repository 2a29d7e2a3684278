"""Bodies of requests to the REST interface."""

import json
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


# Not a core.problems.Problem: that module stands on REST framework's views, which load this one.
class TooLarge(APIException):
    """The body is longer than the shop takes."""

    status_code = 413
    default_code = "too_large"


class JSONParser(BaseParser):
    """Read JSON up to `settings.API_MAX_BODY_BYTES`.

    NaN and lone surrogates come through, so that a batch can refuse the one item that carries them;
    whoever stores free JSON or text checks it with core.validation.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the decoded body. Raises ParseError (400) or TooLarge (413)."""
        limit = settings.API_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(_("At most %(limit)d bytes. Send fewer items in one call.") % {"limit": limit})
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return self._lenient(body)

    @staticmethod
    def _lenient(body: bytes) -> Any:
        """Read what the fast parser refuses: a byte order mark, NaN, lone surrogates; name what is wrong."""
        try:
            return json.loads(body.decode("utf-8-sig"))
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("The body is not JSON in UTF-8: %(error)s") % {"error": error}) from None
