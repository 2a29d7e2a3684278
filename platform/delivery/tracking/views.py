"""/t/o, /t/c, /t/s: note the touch, answer. Nobody waits for the judgement; cookies are not read."""

from base64 import b64decode
from functools import lru_cache
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from core import clock
from core.callers import client_address
from delivery import dispatch
from delivery.models import Link
from delivery.public import page
from delivery.tokens import InvalidToken
from delivery.tracking.machines import hint, network_hash
from delivery.tracking.models import Touch
from delivery.tracking.services import note
from delivery.tracking.short import read_short
from delivery.tracking.tokens import TRAP, read_click, read_open

log = structlog.get_logger(__name__)

_GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@never_cache
@csrf_exempt
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with a transparent pixel; note the open unless it was only asked for by HEAD."""
    try:
        run_id, message = read_open(token)
    except InvalidToken:
        return HttpResponse(_GIF, content_type="image/gif", status=404)
    if request.method == "GET":
        _note(request, Touch.Kind.OPEN, run_id, message)
    return HttpResponse(_GIF, content_type="image/gif")


@never_cache
@csrf_exempt
@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the stored destination; note the click unless it was only asked for by HEAD."""
    try:
        run_id, message, link_id = read_click(token)
        url = "" if link_id == TRAP else _destination(link_id)
    except (InvalidToken, Link.DoesNotExist):
        return page(request, "public/link.html", status=404)
    return _lead(request, run_id, message, link_id, url)


@never_cache
@csrf_exempt
@require_safe
def clicked_short(request: HttpRequest, token: str) -> HttpResponse:
    """Do the same for the short addresses of texts."""
    try:
        run_id, message, link_id, url = read_short(token)
    except InvalidToken:
        return page(request, "public/link.html", status=404)
    return _lead(request, run_id, message, link_id, url)


def _lead(request: HttpRequest, run_id: UUID, message: int, link_id: UUID, url: str) -> HttpResponse:
    if request.method == "GET":
        _note(request, Touch.Kind.CLICK, run_id, message, link_id)
    if not url:
        return page(request, "public/link.html", status=404)
    return HttpResponseRedirect(url, headers={"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})


def _note(
    request: HttpRequest, kind: Touch.Kind, run_id: UUID, message: int, link_id: UUID | None = None
) -> None:
    address = client_address(request)
    agent = request.headers.get("User-Agent", "").strip()
    found = hint(agent, address, opened=kind == Touch.Kind.OPEN)
    try:
        noted = note(
            kind, run_id, message, now=clock.now(), link_id=link_id, hint=found, network=network_hash(address)
        )
    except DatabaseError as error:  # the reader must arrive, whatever becomes of the figure
        log.warning("touch_not_noted", error=type(error).__name__)
        return
    if noted:
        dispatch.judge_soon()


@lru_cache(maxsize=10_000)
def _destination(link_id: UUID) -> str:
    """Return a stored address. Links never change, so a known one needs no query."""
    return Link.objects.values_list("url", flat=True).get(pk=link_id)
