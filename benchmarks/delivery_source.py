"""What the delivery benchmarks say to everyone: about 6 kB of mail."""

from delivery.sources import Rendered, sources

PARAGRAPH = "<p>Dear {name}, this week we have something for you that goes well with what you like.</p>\n"
HTML = "<html><body>" + PARAGRAPH * 60 + "</body></html>"
TEXT = "Dear {name}, this week we have something for you."
NAME = "benchmark"


def render(customer_id: int) -> Rendered:
    """Return about 6 kB of mail."""
    name = f"customer {customer_id}"
    return Rendered(
        to="",
        subject=f"For you, {name}",
        html=HTML.format(name=name),
        text=TEXT.format(name=name),
        from_email="Shop <shop@example.com>",
    )


class BenchmarkSource:
    """Says something to everyone."""

    def render(self, run, messages, now):
        """Render each."""
        return {m.id: (render(m.customer_id), m.context) for m in messages}

    def finished(self, run, now):
        """Nothing follows."""


def register() -> None:
    """Make the source known, once in a process."""
    if NAME not in sources:
        sources.add(NAME, BenchmarkSource())
