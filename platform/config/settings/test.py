"""Tests: the local settings on the same embedded servers, each test process with databases of its own."""

import os

from config.embedded.redis import DATABASES as REDIS_DATABASES

from .local import *
from .local import REDIS_URL, cache, redis_database

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# pytest-django gives each process a PostgreSQL database; Redis has numbered ones, two for each process.
process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
first = 2 + 2 * process % (REDIS_DATABASES - 2)
CELERY_BROKER_URL = redis_database(REDIS_URL, first)
CACHES = cache(redis_database(REDIS_URL, first + 1))

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Tests state their own shop, whatever demo this checkout holds.
SHOP_NAME, SHOP_POSTAL_ADDRESS, SHOP_AS_OF, IS_DEMO = "Test shop", "1 Test Street, Testville", "", False

# Tests of tracking switch it on; the others compare mails to the letter.
TRACKING = False
BOUNCE_ADDRESS = ""
# Tests ask no name server: what it answers differs by place.
LINK_HOSTS = False
# Tests change champions and rules and ask at once.
RECOMMENDATIONS_STATE_SECONDS = 0
# Tests send at any hour; those of quiet hours switch them on.
QUIET_HOURS = False
