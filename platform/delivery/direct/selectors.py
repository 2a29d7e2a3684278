"""What became of a message that was asked for."""

from delivery.direct.models import DirectMessage
from delivery.models import Message, Run


def current(direct: DirectMessage) -> Message:
    """Return the message, or its last repeat when somebody had it sent again. Two queries."""
    asked = Message.objects.select_related("run").get(run=direct.run_id, pk=direct.message_key)
    first = asked.run.launch.partition("+")[0]
    repeats = Run.objects.filter(
        source=asked.source, reference=asked.run.reference, launch__startswith=f"{first}+"
    )
    again = (
        Message.objects.select_related("run")
        .filter(
            run__in=list(repeats.values_list("pk", flat=True)),
            customer=asked.customer_id,
            context__direct=str(direct.pk),
        )
        .order_by("-run_id")
        .first()
    )
    return again or asked
