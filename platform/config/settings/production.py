"""Production: everything comes from the environment, and what is missing stops the start with its name."""

from config.keys import parse_field_keys

from .base import *
from .base import DATABASE_OPTIONS, cache, env, redis_database

SECRET_KEY = env.str("DJANGO_SECRET_KEY")
FIELD_KEYS = parse_field_keys(env.str("RAPPORT_FIELD_KEYS"))
HASH_KEY = env.str("RAPPORT_HASH_KEY")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"https://{host}" for host in ALLOWED_HOSTS])

DATABASE_URL = env.str("DATABASE_URL")
REDIS_URL = env.str("REDIS_URL")
DATABASES = {"default": env.db_url_config(DATABASE_URL) | DATABASE_OPTIONS}
CELERY_BROKER_URL = redis_database(REDIS_URL, 0)
CACHES = cache(redis_database(REDIS_URL, 1))

vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("SHOP_FROM_EMAIL")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_storage.StaticStorage"},
}

# HTTPS throughout. A proxy that ends TLS must set X-Forwarded-Proto and drop the client's own, hence opt-in.
HTTPS = env.bool("HTTPS", default=True)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
