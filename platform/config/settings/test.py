"""Tests: the local settings with cheap password hashing."""

from .local import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
