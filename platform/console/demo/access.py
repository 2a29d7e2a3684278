"""The demo's sign-in, its API key, and the private file that names them."""

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.keys import create_key, verify_key
from accounts.models import PUBLISHABLE_SCOPES, ApiKey, Scope, User
from console.demo import story


def demo_file() -> Path:
    """Return where the demo's access data stand, readable by the owner alone."""
    return Path(settings.VAR) / "demo.json"


def ensure_access(now: datetime) -> tuple[User, dict[str, Any]]:
    """Return the demo's user and the content of its file; what still works is kept."""
    known = _read()
    user, _ = User.objects.get_or_create(
        username=story.USER,
        defaults={"first_name": "Mia", "email": "mia@demo.invalid", "is_staff": True, "is_superuser": True},
    )
    password = known.get("password") or secrets.token_urlsafe(9)
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    api_key = known.get("api_key", "")
    if verify_key(api_key, now) is None:
        api_key = create_key(name=story.API_KEY_NAME, scopes=Scope.values, now=now, user=user)[1]
    write_key = known.get("write_key", "")
    found = verify_key(write_key, now)
    if found is None or not found.is_publishable:
        # Only pages of our own host need it. It is trusted, so that an order in the demo shop counts.
        write_key = create_key(
            name=story.SHOP_KEY_NAME,
            kind=ApiKey.Kind.PUBLISHABLE,
            scopes=PUBLISHABLE_SCOPES,
            trusted=True,
            now=now,
            user=user,
        )[1]
    content = {
        "url": known.get("url", settings.PUBLIC_URL),
        "username": story.USER,
        "password": password,
        "api_key": api_key,
        "write_key": write_key,
        "as_of": story.PRESENT.isoformat(),
        "shop_name": story.SHOP_NAME,
        "postal_address": story.POSTAL_ADDRESS,
    }
    _write(content)
    return user, content


def _read() -> dict[str, Any]:
    try:
        found = json.loads(demo_file().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(content: dict[str, Any]) -> None:
    path = demo_file()
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
    part.replace(path)
