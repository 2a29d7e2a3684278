"""Pages of lists in the REST interface."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings


class CursorPagination(BaseCursorPagination):
    """Pages by position, so that rows that arrive meanwhile neither repeat nor hide others."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = "pk"
    _model: type[Model]

    def paginate_queryset(  # type: ignore[override]  # its position comes from a query, not from any sequence
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any] | None:
        """Return the page that the request asks for. Raises NotFound for a forged cursor."""
        self._model = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the position, after making sure that it can be compared with the field it stands for."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            name = self.ordering[0].lstrip("-")
            field = self._model._meta.pk if name == "pk" else self._model._meta.get_field(name)
            try:
                field.clean(cursor.position, None)  # type: ignore[union-attr]  # order is by columns
                if "\0" in cursor.position:  # a model's text field lets it pass, PostgreSQL does not
                    raise ValidationError(self.invalid_cursor_message)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor
