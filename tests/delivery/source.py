"""A message source for tests: says hello to the customer, as its context and a few switches demand."""

from delivery.sources import Rendered, Skip, sources

NAME = "tests"


class HelloSource:
    """Renders without a database; `rendered` and `finished_runs` tell what it was asked for."""

    def __init__(self):
        self.rendered = []
        self.finished_runs = []
        self.paused_runs = []

    def render(self, run, messages, now):
        self.rendered.append([m.id for m in messages])
        return {m.id: self._render(m) for m in messages}

    def finished(self, run, now):
        self.finished_runs.append(run.id)

    def paused(self, run, now):
        self.paused_runs.append(run.id)

    def _render(self, message):
        context = message.context
        if context.get("poison"):
            raise RuntimeError("no content can be made of this")
        if reason := context.get("skip"):
            return Skip(reason)
        rendered = Rendered(
            to="",
            subject=context.get("subject", f"Hello {message.customer_id}"),
            html=f"<p>Hello {message.customer_id}</p>",
            text=f"Hello {message.customer_id}\n.A line that begins with a dot\n",
            from_email="Shop <shop@example.com>",
            headers=context.get("headers", {}),
        )
        return rendered, context | {"greeting": "Hello"}


def register():
    """Return the registered source, a fresh one at the first call in a process."""
    if NAME not in sources:
        sources.add(NAME, HelloSource())
    return sources.get(NAME)
