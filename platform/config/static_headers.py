"""Headers of static files beyond whitenoise's own."""

from wsgiref.headers import Headers

#: The snippet stands on foreign pages under a name without a version: a mend reaches them within this time.
SNIPPET_SECONDS = 600


def add(headers: Headers, path: str, url: str) -> None:
    """Let the snippet be kept for a while, and be loaded by pages that isolate themselves (COEP)."""
    if url.endswith("/rapport.js"):
        headers["Cache-Control"] = f"max-age={SNIPPET_SECONDS}, public"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
