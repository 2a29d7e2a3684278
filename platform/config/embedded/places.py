"""Where the embedded servers keep their files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def var_folder() -> Path:
    """Return the folder of all that this checkout writes: ``RAPPORT_VAR``, else ``var/`` in the checkout."""
    return Path(os.environ.get("RAPPORT_VAR") or ROOT / "var").absolute()


@dataclass(frozen=True)
class Places:
    """Name the files in ``var/`` that the guardian and its clients share."""

    var: Path

    @classmethod
    def default(cls) -> Places:
        """Return the places of this checkout."""
        return cls(var_folder())

    @property
    def run(self) -> Path:
        """Return the folder of locks, leases and the state file; only its owner may look inside."""
        return self.var / "run"

    @property
    def leases(self) -> Path:
        """Return the folder with one locked file per process that needs the servers."""
        return self.run / "leases"

    @property
    def start_lock(self) -> Path:
        """Return the lock held while servers are being started or stopped."""
        return self.run / "start.lock"

    @property
    def guardian_lock(self) -> Path:
        """Return the lock that a living guardian holds."""
        return self.run / "guardian.lock"

    @property
    def state(self) -> Path:
        """Return the JSON file that says where the servers are."""
        return self.run / "state.json"

    @property
    def logs(self) -> Path:
        """Return the folder of the servers' logs."""
        return self.var / "log"

    @property
    def guardian_log(self) -> Path:
        """Return the guardian's own log."""
        return self.logs / "embedded.log"

    def prepare(self) -> None:
        """Create the folders; an existing folder keeps its permissions."""
        if not self.var.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            self.var.chmod(0o755)  # whatever the umask: the servers' account must be able to pass through
        for folder in (self.run, self.leases, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
