"""Segments in the REST interface."""

from .urls import urlpatterns

__all__ = ["urlpatterns"]
