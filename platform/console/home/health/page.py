"""System health: every part with its state, and what to do where it is not well."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.home.health import machine, sending, work
from console.home.health.signs import ORDER, Sign, worst
from console.page import Page
from core import clock


def machine_signs(now: datetime) -> list[Sign]:
    """Return how the machine is: eight small queries, and Redis once."""
    return [machine.workers(now), machine.queues(now), machine.beat(now), machine.backup(now)]


def sending_signs(now: datetime) -> list[Sign]:
    """Return how sending is: six small queries."""
    return [sending.outbox(now), sending.uncertain(), sending.providers(now), sending.domain(now)]


def work_signs(now: datetime) -> list[Sign]:
    """Return how the background work is: five small queries."""
    return [work.jobs(now), work.nightly(now), work.figures(now)]


def signs(now: datetime) -> list[Sign]:
    """Return all signs, for home."""
    return [*machine_signs(now), *sending_signs(now), *work_signs(now)]


class SystemHealth(Page):
    """All signs with their parts. The page asks again every ten seconds."""

    permission_required = ("accounts.view_job",)
    title = gettext_lazy("System health")

    def get_template_names(self) -> list[str]:
        """Answer the page's own question with the signs alone."""
        return [
            "console/home/signs.html"
            if self.request.headers.get("HX-Request")
            else "console/home/health.html"
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the signs in three groups, and all of them in one word."""
        now = clock.now()
        groups = [
            {"key": "machine", "title": _("The machine"), "signs": machine_signs(now)},
            {"key": "sending", "title": _("Sending"), "signs": sending_signs(now)},
            {"key": "work", "title": _("Background work"), "signs": work_signs(now)},
        ]
        everything = [sign for group in groups for sign in group["signs"]]
        return super().get_context_data(
            groups=groups, at=now, state=worst(everything), wrong=wrong(everything), **kwargs
        )


def wrong(everything: list[Sign]) -> list[Sign]:
    """Return the signs that want somebody, the worst first."""
    return sorted(
        (sign for sign in everything if sign.state in ("warn", "bad")), key=lambda s: -ORDER.index(s.state)
    )
