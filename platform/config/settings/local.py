"""A developer's machine and the demo: embedded servers unless the environment names others."""

from .base import *
from .base import env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="local-only")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///rapport")}
FIELD_KEYS = {"local": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
HASH_KEY = "local-only-hash-key"
