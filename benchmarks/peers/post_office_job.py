"""django-post-office doing the outbox's job; `benchmarks.delivery` runs it in its own environment.

Reads a JSON line with `database` (name, host, port, user, password), `smtp` (port), `count`, `processes`,
`threads`, `html`, `text` and `rounds`; prints the best seconds a message as JSON. Its best form: `send_many`
(one bulk INSERT), one batch for all, several processes with several kept connections each, no log rows.
"""

import json
import sys
import time

from django.conf import settings

ask = json.loads(sys.stdin.readline())
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            **{key.upper(): value for key, value in ask["database"].items()},
        }
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=ask["smtp"],
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGGING_CONFIG=None,
    POST_OFFICE={
        "BATCH_SIZE": ask["count"],
        "THREADS_PER_PROCESS": ask["threads"],
        "LOG_LEVEL": 0,
        "MESSAGE_ID_ENABLED": True,
        "MESSAGE_ID_FQDN": "example.com",
        "BATCH_DELIVERY_TIMEOUT": 600,
    },
)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from post_office import mail  # noqa: E402
from post_office.models import STATUS, Email  # noqa: E402


def seconds_each(first: int) -> float:
    """Queue and send so many messages, and return the seconds that each took."""
    start = time.perf_counter()
    mail.send_many(
        {
            "sender": "Shop <shop@example.com>",
            "recipients": [f"b{i}@demo.invalid"],
            "subject": f"For you, customer {i}",
            "message": ask["text"].format(name=f"customer {i}"),
            "html_message": ask["html"].format(name=f"customer {i}"),
            "headers": {
                "List-Unsubscribe": f"<http://127.0.0.1:8000/u/{i:075d}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        }
        for i in range(first, first + ask["count"])
    )
    mail.send_queued(processes=ask["processes"], log_level=0)
    took = time.perf_counter() - start
    connection.close()  # its processes closed the one they inherited
    if Email.objects.filter(status=STATUS.sent).count() != first + ask["count"]:
        raise SystemExit("Not all of it was sent.")
    return took / ask["count"]


call_command("migrate", verbosity=0)
print(json.dumps(min(seconds_each(i * ask["count"]) for i in range(ask["rounds"]))))
