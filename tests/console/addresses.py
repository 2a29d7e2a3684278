"""Every address of the admin, from the table of addresses, with records that exist where one is named."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.test import Client
from django.urls import URLPattern, get_resolver

UNKNOWN = {"int": "999999999", "uuid": str(UUID(int=7)), "slug": "pause", "path": "999999999", "str": "x"}


def patterns() -> list[tuple[str, str]]:
    """Return (name, route) of each pattern under /admin/."""
    found = []

    def walk(entries: Any, prefix: str) -> None:
        for entry in entries:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                found.append((f"admin:{entry.name or ''}", route))
            else:
                walk(entry.url_patterns, route)

    admin = next(p for p in get_resolver().url_patterns if str(p.pattern) == "admin/")
    walk(admin.url_patterns, "/admin/")
    return found


def addresses(samples: dict[str, Any]) -> dict[str, str]:
    """Return an address per pattern, with a record that exists where the pattern wants one."""
    made = {}
    for name, route in patterns():
        pk = samples.get(name.split(":")[1].rsplit("_", 1)[0]) or samples.get(name)

        def fill(match: re.Match[str], pk: Any = pk) -> str:
            kind, part = (match[1] or "str").rstrip(":"), match[2]
            # The permission may be about another kind of record than the address.
            fits = pk is not None and isinstance(pk, {"int": int, "uuid": UUID}.get(kind, object))
            return str(pk) if fits and part in ("pk", "object_id", "id") else UNKNOWN[kind]

        path = re.sub(r"<(\w+:)?(\w+)>", fill, route)
        path = re.sub(r"\(\?P<\w+>.*\)\$?", "customers/", path).replace("^", "").replace("$", "")
        if "(?P" in route:
            name = "admin:app_list"
        made[f"{name} {path}"] = path
    return made


def sampled(pages: Mapping[str, str]) -> dict[str, Any]:
    """Return a record's key for each kind of record, and for each page that its permission names."""
    samples: dict[str, Any] = {}
    for model in apps.get_models():
        if first := model._default_manager.first():
            samples[f"{model._meta.app_label}_{model._meta.model_name}"] = first.pk
    for page, permission in pages.items():
        app, code = permission.split(".")
        samples[f"admin:{page}"] = samples.get(f"{app}_{code.partition('_')[2]}")
    return samples


def pages(permissions: Mapping[str, str], client: Client) -> dict[str, str]:
    """Return the pages that a client gets by name: whole HTML documents, no parts, files or redirects."""
    found = {}
    for key, path in addresses(sampled(permissions)).items():
        name = key.split()[0].removeprefix("admin:")
        if name in found or name in ("", "app_list", "logout", "login", "jsi18n"):
            continue
        answer = client.get(path)
        kind = answer.headers.get("Content-Type", "")
        whole = kind.startswith("text/html") and b'id="nav-sidebar"' in b"".join(answer)
        if answer.status_code == 200 and whole:
            found[name] = path
    return found
