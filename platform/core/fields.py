"""Model fields shared by the apps."""

from typing import Any

from django.db import models

from core.encryption import decrypt, encrypt


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in the database and plain in Python.

    It cannot be filtered or ordered by: look people up through their keyed hash.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way to the database; None and the empty string stay as they are."""
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Decrypt on the way back."""
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every comparison but IS NULL: ciphertext never equals ciphertext."""
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: look it up by its keyed hash.")
        return super().get_lookup(lookup_name)
