"""Secrets of an installation that has none in its environment: made once, kept in ``var/secrets.json``.

Production never reads this file; it takes its secrets from the environment (``config.settings.production``).
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded.leases import locked


@dataclass(frozen=True)
class LocalSecrets:
    """Hold the generated secrets; ``field_keys`` maps key ids to 32 bytes in base64."""

    installation: str
    secret_key: str
    field_keys: dict[str, str]
    hash_key: str
    postgres_password: str
    redis_password: str


def load(var: Path) -> LocalSecrets:
    """Return the secrets of ``var``, making them on first use; two processes at once get the same ones."""
    path = var / "secrets.json"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        with locked(var / ".secrets.lock"):
            if not path.exists():
                _write(path, _fresh())
    try:
        return LocalSecrets(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise RuntimeError(
            f"{path} cannot be read ({error}). Restore it from a backup: the data in {var} are encrypted "
            f"with it. To begin anew, remove {var}."
        ) from error


def _fresh() -> LocalSecrets:
    return LocalSecrets(
        installation=secrets.token_hex(4),
        secret_key=secrets.token_urlsafe(50),
        field_keys={"k1": base64.b64encode(secrets.token_bytes(32)).decode()},
        hash_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        postgres_password=secrets.token_urlsafe(24),
        redis_password=secrets.token_urlsafe(24),
    )


def _write(path: Path, content: LocalSecrets) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(content), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
