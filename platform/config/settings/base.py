"""Settings that hold everywhere. The overlays beside this file add what differs by place."""

import os
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import logs, static_headers
from config.embedded.places import ROOT, var_folder
from config.unfold import UNFOLD  # noqa: F401  a setting like any other

env = environ.Env()

# Everything this installation writes: data of the embedded servers, artefacts, logs, local secrets.
VAR = var_folder()

DEBUG = False
ALLOWED_HOSTS: list[str] = []
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# A fixed time of day is what quiet hours begin with; the check takes it for a forgotten call of now()
# whenever the clock stands within seconds of it.
SILENCED_SYSTEM_CHECKS = ["fields.W161"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.adminsite.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_celery_beat",
    "corsheaders",
    "django_htmx",
    "django_structlog",
    "core",
    "accounts",
    "catalog",
    "customers",
    "events",
    "integrations",
    "profiles",
    "recommendations",
    "segments",
    "delivery",
    "campaigns.content",
    "campaigns.promotions",
    "campaigns.coupons",
    "campaigns.experiments",
    "campaigns.targeting",
    "campaigns.outcomes",
    "campaigns.tuning",
    "campaigns.decisions",
    "campaigns",
    "campaigns.rehearsal",
    "console",
    "console.home",
    "config",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "core.middleware.AuthenticationMiddleware",
    "core.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.HtmxMiddleware",
    "console.middleware.StaffTimeZoneMiddleware",
    "console.middleware.DefaultViewMiddleware",
    "core.middleware.LogMiddleware",
    "core.middleware.AnswerMiddleware",
    "config.outage.OutageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
USE_I18N = True
USE_TZ = True
# Everything is stored in UTC; pages convert to the staff user's zone.
TIME_ZONE = "UTC"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# The shop itself. One installation is one shop.
SHOP_NAME = env.str("SHOP_NAME", default="Rapport")
SHOP_CURRENCY = env.str("SHOP_CURRENCY", default="USD")
# What one unit of another currency is worth in the shop's, as {"EUR": "1.08"}. Amounts in a currency
# without a rate are kept as they came and marked; they count in no sum.
SHOP_EXCHANGE_RATES = env.json("SHOP_EXCHANGE_RATES", default={})
SHOP_TIME_ZONE = env.str("SHOP_TIME_ZONE", default="UTC")
SHOP_COUNTRY = env.str("SHOP_COUNTRY", default="US")
SHOP_POSTAL_ADDRESS = env.str("SHOP_POSTAL_ADDRESS", default="")
SHOP_FROM_EMAIL = env.str("SHOP_FROM_EMAIL", default="shop@demo.invalid")
# A shop whose history ends in the past (the demo) is profiled, segmented and trained as of this
# moment. Empty means the present. See core.clock.knowledge_now.
SHOP_AS_OF = env.str("SHOP_AS_OF", default="")
# True where the demo's data are installed: pages say so, and nothing leaves the machine.
IS_DEMO = False
# What happens when two customers come with the same e-mail, phone or openid: "propose" puts the pair on a
# list for a person to decide, "auto" merges them at once (recorded, and undone by a click).
CUSTOMERS_MERGE = env.str("CUSTOMERS_MERGE", default="propose")
# Erasures are noted here, too, beside the database, so that `manage.py erase --again` finds them after an
# older backup was restored. Keyed hashes only. Several machines need one shared place, or a copy each.
ERASURE_JOURNAL = Path(env.str("ERASURE_JOURNAL", default=str(VAR / "erasures.jsonl")))
# At or below this stock a product runs low, and an event says so.
CATALOG_LOW_STOCK = env.int("CATALOG_LOW_STOCK", default=5)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")

# What is noted of what people do with messages. UTM parameters are added where a link has none of them.
TRACKING = env.bool("TRACKING", default=True)
TRACKING_UTM = env.json("TRACKING_UTM", default={"utm_source": "rapport", "utm_medium": "{channel}"})
TRACKING_TRAP = env.bool("TRACKING_TRAP", default=True)  # a link that only machines see
# Whether opening a mail may be noted, by market: "allowed", "consent" (to the topic "tracking") or "never".
# In the EEA and the UK a pixel needs consent (ePrivacy 5(3), EDPB Guidelines 2/2023; PECR 6); "*" is the
# rest of the world.
_CONSENT_MARKETS = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT"),
    *("LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "GB"),
)
TRACKING_OPENS = env.json(
    "TRACKING_OPENS", default={"*": "allowed", **dict.fromkeys(_CONSENT_MARKETS, "consent")}
)
# Networks of machines that open and click: Apple; Microsoft Defender's detonation; more as they show up.
TRACKING_MACHINE_NETWORKS = env.list(
    "TRACKING_MACHINE_NETWORKS", default=["17.0.0.0/8", "40.94.0.0/16", "104.47.0.0/17"]
)
# The header in which our own proxy writes the visitor's address last, as X-Forwarded-For; empty without one.
CLIENT_ADDRESS_HEADER = env.str("CLIENT_ADDRESS_HEADER", default="")

# Providers' webhooks (/anymail/<provider>/tracking/) are there once they have a secret, as "user:password".
ANYMAIL = {"WEBHOOK_SECRET": env.str("ANYMAIL_WEBHOOK_SECRET", default="")}

# Where bounces come back to, as bounce@mail.shop.example: each message gets an address of its own under it
# (VERP). Empty means the sender's own mailbox, and that nobody reads them.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
# An address that could not be reached this often within so many days is given up.
SOFT_BOUNCES, SOFT_BOUNCE_DAYS = 3, 14

# DKIM: [{"domain": "shop.example", "selector": "r1", "key": "/run/secrets/dkim.pem"}]; the key is a file's
# path or PEM itself.
DKIM_KEYS = env.json("DKIM_KEYS", default=[])
# A run is paused when so many of at least so many messages came back.
PAUSE_COMPLAINT_RATE, PAUSE_BOUNCE_RATE, PAUSE_AFTER = 0.003, 0.05, 200

# What customers may choose in the preference centre, beside the topics that they agreed to already.
MESSAGE_TOPICS = env.json(
    "MESSAGE_TOPICS",
    default={"marketing": _("Offers and recommendations"), "newsletter": _("News from the shop")},
)
# Whether name servers are asked for the hosts of links before a launch.
LINK_HOSTS = env.bool("LINK_HOSTS", default=True)
# Whether marketing waits during quiet hours; off is for tests and for shops that only try things out.
QUIET_HOURS = env.bool("QUIET_HOURS", default=True)
OPT_IN_DAYS = env.int("OPT_IN_DAYS", default=7)  # how long a confirmation link is good

# What the shop keeps of a price before discounts, where nobody says it better: tests compute margins with it.
MARGIN_SHARE = env.float("MARGIN_SHARE", default=0.3)

# How long after a touch an order is put down to it, in days by channel; a campaign's own goal window is
# the most. What is missing here is not counted.
ATTRIBUTION_WINDOWS = env.json(
    "ATTRIBUTION_WINDOWS",
    default={
        "email": {"click": 7, "open": 2},
        "sms": {"click": 5, "sent": 1},
        "push": {"click": 2, "open": 1},
        "onsite": {"click": 2},
        "staff": {"sent": 3},
    },
)

# Channels. Where sinks are on, messages of a channel without a provider are kept for the mailbox
# instead of being sent; in production they wait until a provider is set up.
DELIVERY_SINKS = env.bool("DELIVERY_SINKS", default=False)
# Hosts inside our own network that providers and webhooks may be called at, such as an SMS gateway.
DELIVERY_PRIVATE_HOSTS = env.list("DELIVERY_PRIVATE_HOSTS", default=[])
DELIVERY_HTTP_SECONDS = env.float("DELIVERY_HTTP_SECONDS", default=10)  # for an answer

ARTIFACTS = VAR / "artifacts"

# Imports. Uploads lie here under random names, with what an undo needs in the database, until they are
# removed; web and workers must see the same folder.
IMPORT_FILES = env.str("IMPORT_FILES", default=str(VAR / "imports"))
IMPORT_KEEP_DAYS = env.int("IMPORT_KEEP_DAYS", default=30)
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=2_000_000_000)  # unpacked
IMPORT_MAX_RATIO = 200  # unpacked to packed; data stay below 50
IMPORT_MAX_ERRORS = 100_000  # of one import that are kept with their row
IMPORT_SLICE_SECONDS = 400  # of one job, inside the workers' limit; a further job goes on

# Logs. Requests and tasks are told once, when they are done; no addresses of visitors.
LOGGING = logs.configure(env.str("RAPPORT_LOG_LEVEL", default="INFO"))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = 10

# How every process connects to PostgreSQL; the overlays add the address.
DATABASE_OPTIONS = {
    "ENGINE": "core.postgresql",
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 5,
        # A server that vanished without a word is noticed after about a minute.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "application_name": "rapport-" + os.environ.get("RAPPORT_PROCESS", "command"),
    },
}

# Work. Redis is a hint, never the record; docs/operations.md says what each figure costs when it is wrong.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue(name) for name in ("default", "ingest", "delivery", "training")]
CELERY_TASK_CREATE_MISSING_QUEUES = False  # a task for a queue that no worker reads must fail loudly
CELERY_TASK_ROUTES = {
    "delivery.tasks.*": {"queue": "delivery"},
    "events.tasks.*": {"queue": "ingest"},
    "integrations.tasks.*": {"queue": "ingest"},
    "profiles.tasks.refresh_changed": {"queue": "default"},  # within a minute, whatever is being trained
    "profiles.tasks.*": {"queue": "training"},
    "recommendations.tasks.*": {"queue": "training"},
    "campaigns.tuning.tasks.*": {"queue": "training"},
}
CELERY_TASK_ACKS_LATE = True  # a task whose worker dies comes back
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SOFT_TIME_LIMIT = 540  # seconds
CELERY_TASK_TIME_LIMIT = 600
TRAINING_TIME_LIMIT = 3600  # of the worker that reads the queue training
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,  # a page must not wait for a broker that is away; the sweeper finds the work
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis may stay away for as long as it likes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * TRAINING_TIME_LIMIT,  # shorter, and a long task would run twice
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20  # seconds for running tasks after SIGTERM, inside the 30 we promise
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = (
    False  # effects are idempotent; work is not thrown away
)
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "config.scheduler:LeaderScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
DJANGO_CELERY_BEAT_TZ_AWARE = True

# How many messages a second a recipient's domain may get, as {"qq.com": 10, "*": 50}; “*” is any other one.
DELIVERY_DOMAIN_RATES: dict[str, float] = env.json("DELIVERY_DOMAIN_RATES", default={})
# What comes with an unknown customer or product: "stub" makes an incomplete record, "refuse" an error.
EVENTS_UNKNOWN_CUSTOMERS = env.str("EVENTS_UNKNOWN_CUSTOMERS", default="stub")
EVENTS_UNKNOWN_PRODUCTS = env.str("EVENTS_UNKNOWN_PRODUCTS", default="stub")
# Whole months of facts that are kept before the present one; without it, for ever.
EVENTS_KEEP_MONTHS = env.int("EVENTS_KEEP_MONTHS", default=None)

# How old what a web process knows of champions, serving versions and rules may be.
RECOMMENDATIONS_STATE_SECONDS = env.float("RECOMMENDATIONS_STATE_SECONDS", default=1)
# How long answers to whom what was shown are kept; their weekly figures stay.
DECISIONS_KEEP_DAYS = env.int("DECISIONS_KEEP_DAYS", default=400)
# A stock that is expected to last fewer days is low; one that lasts more even at the likely most, too much.
DEMAND_LOW_DAYS = env.int("DEMAND_LOW_DAYS", default=14)
DEMAND_OVER_DAYS = env.int("DEMAND_OVER_DAYS", default=120)

API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=5_000_000)
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=6000)  # of one key
PUBLISHABLE_CALLS_PER_MINUTE = env.int("PUBLISHABLE_CALLS_PER_MINUTE", default=300)  # of one client address
# … and of all visitors of a website together.
PUBLISHABLE_KEY_CALLS_PER_MINUTE = env.int("PUBLISHABLE_KEY_CALLS_PER_MINUTE", default=30_000)
# Foreign pages may call these addresses only, without cookies, and only where a publishable key names
# them (accounts.cors).
CORS_URLS_REGEX = r"^/(v1/[a-z]+|api/v1/(events|collect|(customers|visitors)/[^/]+/recommendations))/?$"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "rapport-signature"]
CORS_EXPOSE_HEADERS = ["retry-after", "x-request-id"]
CORS_PREFLIGHT_MAX_AGE = 7200
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.CallThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["core.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Rapport",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "ENFORCE_NON_BLANK_FIELDS": True,
    "PREPROCESSING_HOOKS": ["core.openapi.canonical_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.openapi.problems_everywhere",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    # One list of choices that stands under several names, and names that stand for several lists.
    "ENUM_NAME_OVERRIDES": {
        "EventTypeEnum": "events.models.EventType",
        "CampaignKindEnum": "campaigns.models.Campaign.Kind",
        "IdentifierKindEnum": "customers.models.Identifier.Kind",
        "JobStateEnum": "accounts.models.Job.State",
        "PlanMethodEnum": "campaigns.targeting.models.OfferPlan.Method",
        "TestMethodEnum": "campaigns.experiments.models.Experiment.Method",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}


def redis_database(url: str, number: int) -> str:
    """Return the address of one of Redis's numbered databases."""
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.split('/')[0]}/{number}" + (f"?{query}" if query else "")


def cache(url: str, prefix: str = "rapport") -> dict[str, dict[str, object]]:
    """Return Django's ``CACHES`` on a Redis address."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "KEY_PREFIX": prefix,
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
    }
