"""Pages of lists in the REST interface."""

from rest_framework.pagination import CursorPagination as BaseCursorPagination


class CursorPagination(BaseCursorPagination):
    """Pages by position, so that rows that arrive meanwhile neither repeat nor hide others."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = "pk"
