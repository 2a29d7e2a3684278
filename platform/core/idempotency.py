"""Writes that may be repeated: the header Idempotency-Key gives the first call's answer again.

The answer is stored in the transaction of the call's own effect, so there is never one without the
other. A call that fails leaves no answer behind and may be repeated.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.models import IdempotencyKey
from core.problems import Problem
from core.renderers import JSONRenderer

HEADER = "Idempotency-Key"
MAX_LENGTH = 200
#: A call that has not answered after this long died with its process; another may take its place.
ABANDONED_AFTER = timedelta(minutes=2)

PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A repeat with the same key, query and body gets the first answer again; kept for 7 days.",
)

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Decorate a view's method so that it honours Idempotency-Key."""

    @wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        _check(key)
        row = _begin(_scope(request), key, _fingerprint(request), clock.now())
        if isinstance(row, IdempotencyKey):
            return Response(row.body, status=row.status)
        try:
            with transaction.atomic():
                response = handler(view, request, *args, **kwargs)
                _keep(row, response)
                return response
        except BaseException:
            IdempotencyKey.objects.filter(pk=row, status=None).delete()
            raise

    return wrapper


def forget_before(moment: datetime) -> int:
    """Delete the answers kept since before a moment and return how many they were."""
    return IdempotencyKey.objects.filter(created_at__lt=moment).delete()[0]


def _check(key: str) -> None:
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise Problem(
            400,
            "invalid-idempotency-key",
            _("The Idempotency-Key is not right"),
            _("Send 1 to %(max)d printable ASCII characters, such as a UUID.") % {"max": MAX_LENGTH},
        )


def _scope(request: Request) -> str:
    """Name who asks and which call: the same key of another caller or call is another key."""
    call = hashlib.sha256(f"{request.method} {request.path.rstrip('/')}".encode()).hexdigest()[:32]
    return f"{getattr(request.auth, 'pk', '')}:{call}"


def _fingerprint(request: Request) -> str:
    # What the address asks for, and the parsed body: spaces and the order of names make no difference.
    data = request.data
    if request.query_params:
        data = [data, sorted(request.query_params.lists())]
    try:
        text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a surrogate pair, a number beyond 64 bits, or very deep
        try:
            text = json.dumps(data, sort_keys=True).encode()
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
    return hashlib.sha256(text).hexdigest()


def _keep(row: int, response: Response) -> None:
    """Store the answer, as it is about to be written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_idempotencykey SET status = %s, body = %s::jsonb WHERE id = %s",
            [response.status_code, JSONRenderer().render(response.data).decode() or "null", row],
        )


# The mark that a call is in flight need not outlive a crash, in which the call ends too: the answer, and with
# it the effect, is committed after it and never without it. So nobody waits for the disk here. The setting
# ends with the transaction, which is this statement alone.
_CLAIM = """
INSERT INTO core_idempotencykey (scope, key, fingerprint, created_at)
SELECT %s, %s, %s, %s FROM (SELECT set_config('synchronous_commit', 'off', true)) AS hasty
ON CONFLICT DO NOTHING RETURNING id
"""


def _begin(scope: str, key: str, fingerprint: str, now: datetime) -> int | IdempotencyKey:
    """Return the number of a row of our own without a status, or the finished row of the first call.

    Raises a Problem: 422 for another body, 409 while the first is in flight. A new key takes one statement.
    """
    claim = _CLAIM
    if connection.in_atomic_block:  # the setting would hold for what the caller commits
        claim = _CLAIM.replace("'off'", "current_setting('synchronous_commit')")
    with connection.cursor() as cursor:
        cursor.execute(claim, [scope, key, fingerprint, now])
        if new := cursor.fetchone():
            return int(new[0])
    row = IdempotencyKey.objects.filter(scope=scope, key=key).first()
    if row is None:
        raise _in_flight()  # the first call failed in this very moment
    if row.fingerprint != fingerprint:
        raise Problem(
            422,
            "idempotency-key-reused",
            _("This Idempotency-Key came with another body"),
            _("Use a new key for a new call."),
        )
    if row.status is not None:
        return row
    # A call that died is taken over by a conditional update, so that only one repeat gets it.
    taken = row.created_at < now - ABANDONED_AFTER and IdempotencyKey.objects.filter(
        pk=row.pk, status=None, created_at=row.created_at
    ).update(created_at=now)
    if not taken:
        raise _in_flight()
    return int(row.pk)


def _in_flight() -> Problem:
    return Problem(
        409,
        "in-flight",
        _("The first call with this Idempotency-Key is still running"),
        _("Wait a moment and repeat it."),
    )
