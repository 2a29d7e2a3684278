"""What the processes of `dying.killed_afresh` have loaded: Django and all that beat does about campaigns."""

import django

django.setup()

import campaigns.actions  # noqa: E402
import campaigns.tasks  # noqa: E402, F401
import delivery.outbox.send  # noqa: E402, F401
