"""What the pages of segments ask."""

import json

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from core import clock

NOW = clock.now()
RULE = {"all": [{"field": "customer.country", "op": "eq", "value": "DE"}]}
ASKED = {
    "preview": {"rule": RULE},
    "draft": {"sentence": "quiet for 60 days"},
    "overlap": {"rule": RULE},
    "why": {"rule": RULE, "customer": 0},
    "once": {"rule": RULE, "name": "x"},
    "create": {"rule": RULE, "name": "x", "description": ""},
}


def sign_in(role):
    client = Client()
    if role == "alice":
        user = User.objects.create_superuser(role, "", "x")
    else:
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    return client


def as_read(segment):
    """What a page that was opened now sends beside what its reader changed."""
    read = {"name": segment.name, "description": segment.description}
    return {"name": segment.name, "description": "", "version": segment.version, "read": read}


def ask(client, what, body):
    return client.post(f"/admin/segments/{what}/", json.dumps(body), content_type="application/json")
