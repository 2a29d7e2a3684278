"""What a page's own look in a browser needs."""

from tests.scenarios.browser import browsing

__all__ = ["browsing"]
