"""What the calls about segments share: finding one, and turning refusals into problem details."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import Http404
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, Scope
from core.problems import Problem
from segments.models import Segment
from segments.rules import RuleError
from segments.services import ChangedMeanwhileError, InUseError, SlugTakenError
from segments.timeouts import TookTooLongError


def segment_of(id: str) -> Segment:
    """Return a segment, or answer that there is none."""
    segment = Segment.objects.filter(pk=id).first()
    if segment is None:
        raise Http404
    return segment


def caller(request: Request) -> str:
    """Return who asks, for the audit log."""
    return str(getattr(request.auth, "name", ""))


@contextmanager
def problems() -> Iterator[None]:
    """Answer refusals of the services with problem details; a rule's name the place in its tree."""
    try:
        yield
    except RuleError as error:
        raise Problem(
            422, "invalid-rule", "The rule cannot be used", error.message, path=error.path
        ) from error
    except SlugTakenError as error:
        raise Problem(409, "slug-taken", "The short name is taken", str(error)) from error
    except ChangedMeanwhileError as error:
        raise Problem(409, "segment-changed", "The segment was changed meanwhile", str(error)) from error
    except InUseError as error:
        raise Problem(
            409, "segment-in-use", "The segment is in use", str(error), used_by=error.names
        ) from error
    except TookTooLongError as error:
        raise Problem(422, "invalid-rule", "The rule cannot be used", str(error), path="") from error


def page(view: APIView, pages: CursorPagination, rows: Any, serializer: Any, request: Request) -> Response:
    """Answer with one page of the rows."""
    found: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(serializer(found, many=True).data)


def withheld(request: Request, member: str) -> list[dict[str, str]]:
    """Say that a member tells what is known of people, and which scope the caller lacks for it, if any."""
    lacks = not isinstance(request.auth, ApiKey) or Scope.CUSTOMERS_READ not in request.auth.scopes
    return [{"member": member, "scope": Scope.CUSTOMERS_READ.value}] if lacks else []
