"""A developer's machine and the demo: embedded servers unless the environment names others."""

import sys

from config import demo_shop, embedded, local_secrets
from config.embedded.need import needs_servers
from config.keys import parse_field_keys

from .base import *
from .base import DATABASE_OPTIONS, STATIC_ROOT, VAR, cache, env, redis_database

DEBUG = env.bool("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

secrets = local_secrets.load(VAR)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default=secrets.secret_key)
FIELD_KEYS = parse_field_keys(env.str("RAPPORT_FIELD_KEYS", default="")) or secrets.field_keys
HASH_KEY = env.str("RAPPORT_HASH_KEY", default=secrets.hash_key)

EMBEDDED = False
if env.ENVIRON.get("DATABASE_URL") and env.ENVIRON.get("REDIS_URL"):
    endpoints = embedded.Endpoints(env.str("DATABASE_URL"), env.str("REDIS_URL"))
elif needs_servers(sys.argv):
    EMBEDDED = True
    found = embedded.ensure()
    endpoints = embedded.Endpoints(
        env.ENVIRON.get("DATABASE_URL") or found.database_url, env.ENVIRON.get("REDIS_URL") or found.redis_url
    )
else:
    endpoints = embedded.NOWHERE

DATABASE_URL, REDIS_URL = endpoints.database_url, endpoints.redis_url
DATABASES = {"default": env.db_url_config(DATABASE_URL) | DATABASE_OPTIONS}
CELERY_BROKER_URL = redis_database(REDIS_URL, 0)
CACHES = cache(redis_database(REDIS_URL, 1))

# Mail goes to the sink of `manage.py up`, whose port comes with the environment.
vars().update(
    env.email_url("EMAIL_URL", default=f"smtp://127.0.0.1:{env.int('RAPPORT_SMTP_PORT', default=2525)}")
)
EMAIL_TIMEOUT = 20
DELIVERY_SINKS = env.bool("DELIVERY_SINKS", default=True)
DEFAULT_FROM_EMAIL = env.str("SHOP_FROM_EMAIL", default="shop@demo.invalid")
# The sink takes what bounces back as well.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="bounce@" + DEFAULT_FROM_EMAIL.rpartition("@")[2])

# The demo's shop lives at the end of its data, unless the environment says otherwise.
demo = demo_shop.read(VAR)
SHOP_NAME = env.str("SHOP_NAME", default=demo.get("shop_name") or SHOP_NAME)
SHOP_POSTAL_ADDRESS = env.str("SHOP_POSTAL_ADDRESS", default=demo.get("postal_address", ""))
SHOP_AS_OF = env.str("SHOP_AS_OF", default=demo.get("as_of", ""))
IS_DEMO = bool(demo)

# Pages work without collectstatic; with it they are served compressed.
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
