"""By staff: a task that a person does, by phone, at the till or as a broadcast over 企业微信.

A message is *sent* when it is handed over; a member of staff then confirms what became of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from customers.models import Channel, Customer
from delivery.channels.base import Connection, Guard, Outcome, Outgoing, TransportError, Verdict
from delivery.channels.by_customer import ByCustomerId
from delivery.channels.links import check_links
from delivery.channels.sink import storable
from delivery.models import StaffTask
from delivery.providers.routing import Routed

#: The customer's attribute that holds the id by which 企业微信 knows the person.
EXTERNAL_USERID = "wechat_external"


class StaffChannel(ByCustomerId):
    """Messages as tasks."""

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection to the list of tasks."""
        return Routed(Channel.STAFF, _tasks, guard)


@contextmanager
def _tasks() -> Iterator[Connection]:
    yield Tasks()


class Tasks:
    """Hands a batch over by two statements; a repeat changes nothing."""

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Store the tasks; committed before the first outcome."""
        ids = [message.customer_id for message in batch]
        attributes = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "attributes"))
        rows, outcomes = [], []
        for message in batch:
            try:
                check_links(message.content)
                if not (message.content.subject or message.content.text):
                    raise TransportError("The message has no text.", permanent=True)
            except TransportError as error:
                outcomes.append(Outcome(message.key, Verdict.REFUSED, str(error)))
                continue
            userid = (attributes.get(message.customer_id) or {}).get(EXTERNAL_USERID, "")
            rows.append(_row(message, str(userid)))
            outcomes.append(Outcome(message.key, Verdict.SENT))
        StaffTask.objects.bulk_create(rows, ignore_conflicts=True)
        yield from outcomes


def _row(message: Outgoing, external_userid: str) -> StaffTask:
    content = message.content
    return StaffTask(
        customer_id=message.customer_id,
        run_id=message.run_id,
        message_key=message.message_id,
        external_userid=storable(external_userid)[:200],
        title=storable(content.subject)[:300],
        text=storable(content.text),
        url=content.url,
        created_at=message.date,
    )
