"""A team with roles, and a mail server that keeps what it is sent."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from tests.mail_server import mail_server


class Postbox:
    """What arrived, as parsed mails."""

    def __init__(self) -> None:
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"


@pytest.fixture
def postbox(settings):
    """Run a real SMTP server on a free port and let mail go there."""
    box = Postbox()
    with mail_server(box, settings):
        yield box


@pytest.fixture
def now():
    """The present: leases are compared with it."""
    return datetime.now(UTC)


@pytest.fixture
def member(db):
    def make(role: str) -> User:
        user = User.objects.create_user(role, password=None, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        return user

    return make
