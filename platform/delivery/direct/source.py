"""Direct messages as a source of the outbox."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from customers.languages import language_of
from customers.models import Channel, Customer
from delivery.direct.footer import with_way_out
from delivery.direct.models import DirectMessage
from delivery.direct.templates import Wanted, templates
from delivery.identity import unsubscribe_url
from delivery.models import Message, Run, SkipReason
from delivery.sources import Rendered, Skip

#: The name under which direct messages register with delivery.sources.
SOURCE = "direct"
#: How long contents are kept after they were asked for: they may hold codes and order details.
KEPT = timedelta(days=90)


class DirectSource:
    """Render what partners asked for."""

    def render(
        self, run: Run, messages: Sequence[Message], now: datetime
    ) -> dict[int, tuple[Rendered, dict[str, Any]] | Skip]:
        """Render a batch: the given content as it is, templates by their keeper. Two queries and theirs;
        one more for marketing mail, whose footer is in the recipient's language.

        A template that cannot be rendered for somebody raises, and is then tried for each by itself.
        """
        asked = DirectMessage.objects.filter(pk__in=[pk for m in messages if (pk := m.context.get("direct"))])
        kept = {str(d.pk): json.loads(d.content) for d in asked if d.content}
        # By the context, which a repeat in another run keeps, and not by the message's own key.
        contents = {m.id: kept[pk] for m in messages if (pk := m.context.get("direct")) in kept}
        by_template = [message for message in messages if contents.get(message.id, {}).get("template_name")]
        made = _from_templates(run, by_template, contents)
        languages = _languages(run, messages)
        results: dict[int, tuple[Rendered, dict[str, Any]] | Skip] = {}
        for message in messages:
            content = contents.get(message.id)
            if content is None:
                results[message.id] = Skip(SkipReason.NO_CONTENT)
                continue
            rendered = made.get(message.id) or rendered_of(content)
            if isinstance(rendered, Exception):
                raise rendered
            if message.id not in made and message.customer_id in languages:
                rendered = with_way_out(
                    rendered,
                    unsubscribe_url=unsubscribe_url(message),
                    language=languages[message.customer_id],
                )
            results[message.id] = (rendered, message.context)
        return results

    def finished(self, run: Run, now: datetime) -> None:
        """Nothing follows: each message stands for itself."""

    def paused(self, run: Run, now: datetime) -> None:
        """Nothing follows: the run's page says that it was paused, and resumes it."""


def rendered_of(content: dict[str, Any]) -> Rendered:
    """Return the content that a partner gave."""
    expires = content.get("expires_at")
    texts = ("subject", "html", "text", "from_email", "template", "signature", "url", "image")
    return Rendered(
        **{name: content.get(name, "") for name in texts},
        variables=content.get("variables", {}),
        data=content.get("data", {}),
        expires_at=parse_datetime(expires) if expires else None,
    )


def _languages(run: Run, messages: Sequence[Message]) -> dict[int, str]:
    """Return the languages of those who get marketing mail, which must show a way out."""
    if run.transactional or run.channel != Channel.EMAIL:
        return {}
    people = Customer.objects.only("locale").in_bulk([message.customer_id for message in messages])
    return {pk: language_of(customer) for pk, customer in people.items()}


def _from_templates(
    run: Run, messages: Sequence[Message], contents: dict[int, dict[str, Any]]
) -> dict[int, Rendered | Exception]:
    if not messages:
        return {}
    customers = Customer.objects.in_bulk([message.customer_id for message in messages])
    return templates.get(run.channel).render(
        {
            m.id: Wanted(
                contents[m.id]["template_name"],
                customers[m.customer_id],
                contents[m.id].get("context", {}),
                "" if run.transactional else unsubscribe_url(m),
            )
            for m in messages
            if m.customer_id in customers
        }
    )
