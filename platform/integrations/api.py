"""REST: imports of files."""

from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.http import StreamingHttpResponse
from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.exports import csv_answer
from core.idempotency import PARAMETER, idempotent
from core.openapi import PROBLEMS
from core.pagination import CursorPagination
from core.problems import Problem
from integrations import dispatch, selectors, services
from integrations.imports.errors import BadFile, BadMapping
from integrations.imports.shops import export_named
from integrations.models import ImportRowError, ImportRun, Kind
from integrations.parsers import BodyUpload, FormUpload, Upload
from integrations.services import Who, WrongState

_KEY = r"(?P<key>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_ID = OpenApiParameter("key", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The import's id.")
_FILE = {"type": "string", "format": "binary"}
_FORM = {
    "type": "object",
    "required": ["file", "kind"],
    "properties": {
        "file": _FILE,
        "kind": {"enum": Kind.values},
        "source": {
            "type": "string",
            "maxLength": 50,
            "description": "Remembers the mapping; source of events.",
        },
        "mapping": {
            "type": "string",
            "description": "The name of a ready mapping, as shopify.orders; or JSON: {column: field}.",
        },
        "options": {"type": "string", "description": "JSON: date_order, decimal, time_zone, country, …"},
        "dry_run": {"type": "boolean", "description": "Only check the file. Run it later by /run."},
        "name": {"type": "string", "maxLength": 200},
    },
}
_QUERY = [
    OpenApiParameter(name, str, description=f"As in the form, for a body that is the file itself: {name}.")
    for name in ("kind", "source", "mapping", "options", "dry_run", "name")
]
_TRUE = ("true", "1", "yes")


class ImportSerializer(serializers.ModelSerializer[ImportRun]):
    """An import: how far it is, and what became of its rows."""

    id = serializers.UUIDField(source="key")
    file = serializers.CharField(source="dataset")
    counts = serializers.SerializerMethodField()
    dry_run = serializers.JSONField(source="report")
    progress = serializers.SerializerMethodField()

    class Meta:
        model = ImportRun
        fields = [
            "id", "file", "kind", "source", "state", "columns", "mapping", "options", "dry_run", "counts",
            "progress", "left_alone", "error", "started_at", "finished_at", "undone_at",
        ]  # fmt: skip

    def get_counts(self, run: ImportRun) -> dict[str, int]:
        """Return what became of the rows."""
        return {
            "rows": run.rows, "new": run.accepted, "changed": run.changed, "known": run.duplicates,
            "quarantined": run.quarantined, "rejected": run.rejected,
        }  # fmt: skip

    def get_progress(self, run: ImportRun) -> dict[str, int | None] | None:
        """Return how far the worker is, while one is at it."""
        return {"done": run.job.done, "total": run.job.total} if run.job else None


class ImportErrorSerializer(serializers.ModelSerializer[ImportRowError]):
    """A row that was not taken."""

    row = serializers.SerializerMethodField()

    class Meta:
        model = ImportRowError
        fields = ["line", "reason", "row"]

    def get_row(self, error: ImportRowError) -> list[str]:
        """Return the row's cells."""
        return selectors.cells_of(error)


class ImportsView(ListAPIView[ImportRun]):
    """Imports, and a new one."""

    scopes = {"GET": Scope.IMPORTS_READ, "POST": Scope.IMPORTS_WRITE}
    parser_classes = [FormUpload, BodyUpload]
    serializer_class = ImportSerializer
    pagination_class = CursorPagination

    def get_queryset(self) -> Any:
        """Return the imports of files."""
        return ImportRun.objects.exclude(file="").select_related("job")

    @extend_schema(operation_id="list_imports", responses={200: ImportSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the imports of files, in the order in which they came."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_import",
        parameters=[PARAMETER, *_QUERY],
        request={"multipart/form-data": _FORM, "text/csv": _FILE, "application/octet-stream": _FILE},
        responses={202: ImportSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take a file (CSV, JSON Lines, Parquet, each also gzipped) and import it, or only check it.

        Without a mapping the one remembered for the source, a ready one, or the columns' names decide.
        """
        sent: Upload = request.data  # without a body, REST framework makes an empty mapping of its own
        wish = _wish(sent, request)
        run = _taken(sent, wish, Who(key=request.auth))
        return Response(ImportSerializer(run).data, status=202)


def _taken(sent: Upload, wish: dict[str, str], who: Who) -> ImportRun:
    """Store the file, its mapping and the job together, or nothing at all."""
    now, run = clock.now(), None
    try:
        with transaction.atomic():
            run = services.upload(
                getattr(sent, "file", None) or [],
                name=wish["name"],
                kind=wish["kind"],
                source=wish["source"],
                now=now,
                who=who,
            )
            mapping, options = _said(wish, run)
            services.map_columns(
                run, mapping=mapping, options=options, now=now, remember=bool(wish["source"])
            )
            if _must_ask(run, options):
                raise BadMapping([_("Say in options how days are written: date_order dmy or mdy.")])
            dispatch.start(run, "check" if wish["dry_run"] in _TRUE else "run", now=now, who=who)
            return run
    except BadFile as bad:
        raise Problem(422, "invalid-file", _("The file cannot be taken"), str(bad)) from None
    except BaseException as error:
        if run is not None:
            services.remove_file(run)  # its row is not there any more
        if not isinstance(error, BadMapping):
            raise
        raise Problem(
            422, "invalid-mapping", _("The mapping does not fit the file"), str(error),
            problems=error.problems, columns=run.columns if run else [],
        ) from None  # fmt: skip


def _wish(sent: Upload, request: Request) -> dict[str, str]:
    names = ("kind", "source", "mapping", "options", "dry_run", "name")
    wish = {name: str(sent.get(name) or request.query_params.get(name) or "").strip() for name in names}
    if wish["kind"] and wish["kind"] not in Kind.values:
        known = ", ".join(Kind.values)
        raise serializers.ValidationError({"kind": [_("Known are: %(known)s.") % {"known": known}]})
    if not wish["kind"] and export_named(wish["mapping"]) is None:
        raise serializers.ValidationError({"kind": [_("Say what the rows are.")]})
    wish["kind"] = wish["kind"] or wish["mapping"].partition(".")[2]
    if len(wish["source"]) > 50 or "\0" in wish["source"]:
        raise serializers.ValidationError({"source": [_("At most 50 characters.")]})
    wish["dry_run"] = wish["dry_run"].lower()
    return wish


def _said(wish: dict[str, str], run: ImportRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the mapping and options that the call gives, over those that are guessed."""
    options = dict(run.options)
    if wish["options"]:
        options |= _object(wish["options"], "options")
    if not wish["mapping"]:
        return dict(run.mapping), options
    if export := export_named(wish["mapping"]):
        if export.kind != run.kind:
            raise BadMapping([_("This ready mapping is for %(kind)s.") % {"kind": export.kind}])
        return dict(services.propose(run).mapping), {**export.options, **options}
    return _object(wish["mapping"], "mapping"), options


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadMapping(
            [_("Send %(name)s as a JSON object, or the name of a ready mapping.") % {"name": name}]
        )
    return value


def _must_ask(run: ImportRun, options: dict[str, Any]) -> bool:
    return "date_order" not in options and services.propose(run).ask_dates


class ImportView(APIView):
    """One import."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @extend_schema(operation_id="get_import", parameters=[_ID], responses={200: ImportSerializer, **PROBLEMS})
    def get(self, request: Request, key: str) -> Response:
        """Return how far the import is, and what became of its rows."""
        return Response(ImportSerializer(_find(key)).data)


class ImportErrorsView(ListAPIView[ImportRowError]):
    """The rows that were not taken."""

    scopes = {"GET": Scope.IMPORTS_READ}
    serializer_class = ImportErrorSerializer
    pagination_class = CursorPagination

    def get_queryset(self) -> Any:
        """Return the bad rows of the latest pass over the file."""
        run = _find(self.kwargs["key"])
        return ImportRowError.objects.filter(run=run, dry=selectors.of_dry_run(run))

    @extend_schema(
        operation_id="list_import_errors",
        parameters=[_ID],
        responses={200: ImportErrorSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the rows that were not taken, each with its line and the reason."""
        return super().get(request, *args, **kwargs)


class ImportErrorFileView(APIView):
    """The error file."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @extend_schema(
        operation_id="get_import_error_file",
        parameters=[_ID],
        responses={(200, "text/csv"): OpenApiTypes.STR, **PROBLEMS},
    )
    def get(self, request: Request, key: str) -> StreamingHttpResponse:
        """Return the rows that were not taken as CSV: line, reason, and the row as it stood in the file."""
        run = _find(key)
        return csv_answer(selectors.error_rows(run), f"import-{run.key}-errors.csv")


class ImportActView(APIView):
    """What can be done with an import."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    def act(self, request: Request, key: str, verb: str) -> Response:
        """Start a step in a worker, or ask one to stop."""
        run, who, now = _find(key), Who(key=request.auth), clock.now()
        try:
            if verb == "cancel":
                services.cancel(run, now=now, who=who)
            else:
                dispatch.start(run, verb, now=now, who=who)
        except WrongState as wrong:
            raise Problem(409, "wrong-state", _("This cannot be done now"), str(wrong)) from None
        except BadMapping as bad:
            raise Problem(422, "invalid-mapping", _("The mapping does not fit the file"), str(bad)) from None
        run.refresh_from_db()
        return Response(ImportSerializer(run).data, status=202)


_ACT: dict[str, Any] = {"parameters": [_ID, PARAMETER], "request": None,
                        "responses": {202: ImportSerializer, **PROBLEMS}}  # fmt: skip


class ImportRunView(ImportActView):
    """Run an import."""

    @extend_schema(operation_id="run_import", **_ACT)
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Store what was checked; go on with what was stopped or failed."""
        return self.act(request, key, "run")


class ImportCancelView(ImportActView):
    """Stop an import."""

    @extend_schema(operation_id="cancel_import", **_ACT)
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Ask the worker to stop after its block; what is stored stays until it is undone."""
        return self.act(request, key, "cancel")


class ImportUndoView(ImportActView):
    """Undo an import."""

    @extend_schema(operation_id="undo_import", **_ACT)
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Take back what the import created and changed; what others changed since is left and listed."""
        return self.act(request, key, "undo")


def _find(key: str | UUID) -> ImportRun:
    run = selectors.by_key(key)
    if run is None or not run.file:
        raise Problem(404, "unknown-import", _("There is no import with this id"))
    return run


urlpatterns = [
    re_path(r"^imports/?$", ImportsView.as_view(), name="api-imports"),
    re_path(rf"^imports/{_KEY}/?$", ImportView.as_view(), name="api-import"),
    re_path(rf"^imports/{_KEY}/errors/?$", ImportErrorsView.as_view(), name="api-import-errors"),
    re_path(rf"^imports/{_KEY}/errors\.csv$", ImportErrorFileView.as_view(), name="api-import-error-file"),
    re_path(rf"^imports/{_KEY}/run/?$", ImportRunView.as_view(), name="api-import-run"),
    re_path(rf"^imports/{_KEY}/cancel/?$", ImportCancelView.as_view(), name="api-import-cancel"),
    re_path(rf"^imports/{_KEY}/undo/?$", ImportUndoView.as_view(), name="api-import-undo"),
]
