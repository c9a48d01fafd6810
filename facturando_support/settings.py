"""Everything that differs between installations, read from the environment in one place.

`README.md` has the table of variables. A value that a rule depends on carries the reason for its default.
"""

import os
import secrets
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bootstrap
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

# Mexico's rules are those of the pinned tzdata, whatever the machine has: one from before the end of 2022
# would be an hour off each summer.
zoneinfo.reset_tzpath(to=())

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _seconds(name: str, default: int) -> timedelta:
    return timedelta(seconds=env.int(name, default=default))


DEBUG = env.bool("DEBUG", default=False)

# Database, files, mail and logs of the embedded default live below this folder.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))


def _secret_key() -> str:
    """The configured key; in development one made once and kept, so that cookies survive a restart."""
    if not DEBUG or "SECRET_KEY" in os.environ:
        # Not through django-environ: Django's own generator makes keys that begin with "$", which it reads as
        # the name of another variable.
        try:
            return os.environ["SECRET_KEY"]
        except KeyError:
            raise ImproperlyConfigured("Set the SECRET_KEY environment variable") from None
    kept = VAR_DIR / "secret_key"
    if not kept.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        kept.write_text(secrets.token_urlsafe(64))
        kept.chmod(0o600)
    return kept.read_text()


SECRET_KEY = _secret_key()

# The address customers see, scheme and port included. Sockets and forms are accepted from here only.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
PUBLIC_ORIGINS = [PUBLIC_URL, *env.list("EXTRA_ORIGINS", default=[])]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(origin).hostname for origin in PUBLIC_ORIGINS])
CSRF_TRUSTED_ORIGINS = PUBLIC_ORIGINS

INSTALLED_APPS = [
    "facturando_support",
    "chat",
    "offline_messages",
    "scheduling",
    "core",
    "channels",
    "crispy_forms",
    "crispy_bootstrap5",
    "post_office",
    "facturando_support.apps.SupportAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "facturando_support.middleware.RequestLogMiddleware",
    "facturando_support.middleware.MachinesMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "facturando_support.middleware.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "facturando_support.middleware.PartitionedCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "facturando_support.middleware.NoNulMiddleware",
]

ROOT_URLCONF = "facturando_support.urls"
ASGI_APPLICATION = "facturando_support.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"


# --- Database -------------------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    """SQLite below VAR_DIR, or what DATABASE_URL names."""
    database: dict[str, Any] = env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'facturando.sqlite3'}")
    # A connection that stays open is six times faster than one a message (see ground figures in README).
    database["CONN_MAX_AGE"] = None
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            # Writers queue up at BEGIN instead of failing in the middle.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: what was acknowledged must outlive a power cut, not only a killed process.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        # Tests use a file as well: threads and sockets must see one database with real locks.
        database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    else:
        # A dead server must be noticed before the customer gives up.
        database["OPTIONS"] = {"connect_timeout": 5}
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Channel layer and cache ----------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "facturando_support.layers.LocalLayer"}}
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "facturando_support.caches.LocalCache",
        # Django's default of 300 would throw away limits that are still counting.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "facturando_support.layers.SharedLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    CACHES["default"] = {
        "BACKEND": "facturando_support.caches.SharedCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 5},
    }

# --- Staff accounts -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "chat.Agent"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "chat:login"
LOGIN_REDIRECT_URL = "chat:console"
LOGOUT_REDIRECT_URL = "chat:login"

# --- Language and time ----------------------------------------------------------------------------------

# One language for the whole installation, whatever its browsers ask for: an office's English Windows must
# not turn the chat of its Mexican customers into English. Django's checks
# refuse what LANGUAGES does not name.
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="es-mx")
LANGUAGES = [("es-mx", "Español (México)"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# Rules are computed in this zone (manual: "horas de la Ciudad de México"); instants are stored in UTC.
TIME_ZONE = "America/Mexico_City"
USE_TZ = True

# --- Static files and attachments -----------------------------------------------------------------------

STATIC_URL = "static/"
# A proxy reads them; in a place of their own it needs no way into VAR_DIR.
STATIC_ROOT = Path(env.str("STATIC_DIR", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", str(Path(next(iter(bootstrap.__path__))) / "css"))]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "facturando_support.storage.ModuleAwareStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- Mail -----------------------------------------------------------------------------------------------


def _mailer() -> dict[str, Any]:
    """Files below VAR_DIR, or the SMTP server that EMAIL_URL names."""
    if not (url := env.str("EMAIL_URL", default="")):
        return {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": VAR_DIR / "mail"},
        }
    config = env.email_url_config(url)
    options = {
        "host": config["EMAIL_HOST"],
        "port": config["EMAIL_PORT"] or 25,
        "username": config["EMAIL_HOST_USER"] or "",
        "password": config["EMAIL_HOST_PASSWORD"] or "",
        "use_tls": config.get("EMAIL_USE_TLS", False),
        "use_ssl": config.get("EMAIL_USE_SSL", False),
        # Without a limit a silent mail server would stop the clock.
        "timeout": 15,
    }
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}


MAILERS = {"default": _mailer()}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Soporte Facturando <soporte@facturando.example>")
POST_OFFICE = {
    "DEFAULT_MAILER": "default",
    "BATCH_SIZE": 20,
    # Failures only: a row for each mail that went out would double the table.
    "LOG_LEVEL": 1,
    # About a day: a mail server that is down for a night loses nothing.
    "MAX_RETRIES": 96,
    "RETRY_INTERVAL": timedelta(minutes=15),
}
# Sent and failed mails are kept for supervisors to look up, and hold what customers wrote.
MAIL_KEPT = timedelta(days=env.int("MAIL_KEPT_DAYS", default=90))

# --- Security -------------------------------------------------------------------------------------------

IS_HTTPS = PUBLIC_URL.startswith("https://")
# The sites that may frame the chat, as full origins. Naming one makes the customer's cookies third-party.
EMBED_ORIGINS = env.list("EMBED_ORIGINS", default=[])
CSRF_COOKIE_SAMESITE = "None" if EMBED_ORIGINS else "Lax"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "facturando_support.views.csrf_failure"
SESSION_COOKIE_SAMESITE = "Lax"
# Sockets read several at once from there (`chat/access.py`).
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if IS_HTTPS else 0
# Whether the domain's other hosts are ready for HSTS is for their owner to know, not for the chat.
# And DEBUG is told by facturando.E001, as the error that it is.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W018", "security.W021"]
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "font-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# The pages meant to be framed: the widget's.
FRAMED_CSP = SECURE_CSP | {"frame-ancestors": [CSP.SELF, *EMBED_ORIGINS]}
# The number of proxies in front that append to X-Forwarded-For; 0 means the peer is the customer.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# Whoever shows it reads /metrics; without one there is no such address.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- The rules of support -------------------------------------------------------------------------------

# "real" keeps the hours of the manual; "open" is the demo's, refused when DEBUG is off.
HOURS = env.str("HOURS", default="real")

# Manual, "Continuidad en el chat": silence ends a chat. Five minutes to be warned, five more to answer.
CHAT_INACTIVITY_WARNING = _seconds("CHAT_INACTIVITY_WARNING_SECONDS", 300)
CHAT_INACTIVITY_END = _seconds("CHAT_INACTIVITY_END_SECONDS", 600)
# When nobody takes the chat, leaving a message is offered.
CHAT_OFFER_MESSAGE = _seconds("CHAT_OFFER_MESSAGE_SECONDS", 180)
# Most chats are taken at once; a place in the queue shown before this would only flicker.
CHAT_SHOW_QUEUE_PLACE = _seconds("CHAT_SHOW_QUEUE_PLACE_SECONDS", 10)
# Three missed heartbeats: long enough for a reload or a change of network, short enough for the customer.
CHAT_AGENT_VANISHED = _seconds("CHAT_AGENT_VANISHED_SECONDS", 60)
# Long enough to come back from lunch, read how the chat ended, rate it and ask for a copy. Whoever opens it
# later has something new to ask.
CHAT_SHOW_ENDED = _seconds("CHAT_SHOW_ENDED_SECONDS", 3600)
CHAT_AUTO_ASSIGN = env.bool("CHAT_AUTO_ASSIGN", default=False)
CHAT_HEARTBEAT = _seconds("CHAT_HEARTBEAT_SECONDS", 20)
CHAT_MAX_UPLOAD_BYTES = env.int("CHAT_MAX_UPLOAD_BYTES", default=10 * 1024 * 1024)
# Tabs of one customer, and customers behind one office's address, at the same time and for each process.
CHAT_MAX_SOCKETS_PER_VISITOR = env.int("CHAT_MAX_SOCKETS_PER_VISITOR", default=10)
CHAT_MAX_SOCKETS_PER_ADDRESS = env.int("CHAT_MAX_SOCKETS_PER_ADDRESS", default=200)
CHAT_MAX_MESSAGE_CHARS = env.int("CHAT_MAX_MESSAGE_CHARS", default=4000)
# Manual, "Tolerancia en el chat".
APPOINTMENT_TOLERANCE = timedelta(minutes=env.int("APPOINTMENT_TOLERANCE_MINUTES", default=10))
# From when the customer may wait for the hour; coming early counts as present.
APPOINTMENT_EARLY = timedelta(minutes=env.int("APPOINTMENT_EARLY_MINUTES", default=10))
# Long enough to fill in the form, short enough for whoever wants the same hour.
APPOINTMENT_HOLD = _seconds("APPOINTMENT_HOLD_SECONDS", 300)
# Booked and still to come, for one e-mail or one RFC: nobody keeps the week from the others.
APPOINTMENT_MOST_LIVE = env.int("APPOINTMENT_MOST_LIVE", default=2)
# How often a customer changes the hour of one appointment.
APPOINTMENT_MOST_MOVES = env.int("APPOINTMENT_MOST_MOVES", default=3)
# The last reminder; the other one comes the day before.
APPOINTMENT_REMINDER_SOON = timedelta(minutes=env.int("APPOINTMENT_REMINDER_SOON_MINUTES", default=15))

# Limits, as "how many/in how many seconds". An office of several people shares one address.
LIMITS = {
    "chats_per_address": env.str("LIMIT_CHATS_PER_ADDRESS", default="30/3600"),
    # Forms, commands and polls by plain HTTP: several open tabs that poll stay well below.
    "requests_per_visitor": env.str("LIMIT_REQUESTS_PER_VISITOR", default="900/60"),
    "messages_per_visitor": env.str("LIMIT_MESSAGES_PER_VISITOR", default="60/60"),
    "uploads_per_visitor": env.str("LIMIT_UPLOADS_PER_VISITOR", default="30/600"),
    "offline_messages_per_address": env.str("LIMIT_OFFLINE_MESSAGES_PER_ADDRESS", default="20/3600"),
    "bookings_per_address": env.str("LIMIT_BOOKINGS_PER_ADDRESS", default="20/3600"),
    "holds_per_address": env.str("LIMIT_HOLDS_PER_ADDRESS", default="60/3600"),
    "sockets_per_address": env.str("LIMIT_SOCKETS_PER_ADDRESS", default="120/60"),
    "transcripts_per_visitor": env.str("LIMIT_TRANSCRIPTS_PER_VISITOR", default="5/3600"),
    "logins_per_address": env.str("LIMIT_LOGINS_PER_ADDRESS", default="20/300"),
}
# Virus scanner (clamd) for files, as a socket's path or host:port; none by default. What it cannot be asked
# about waits, and is handed out to nobody.
CLAMD_ADDRESS = env.str("CLAMD_ADDRESS", default="")
# Ten megabytes take a second or two; whoever sends a file waits for this long at most.
CLAMD_TIMEOUT = _seconds("CLAMD_TIMEOUT_SECONDS", 10)
# A body larger than an upload is never read into memory or on to disk.
MAX_BODY_BYTES = CHAT_MAX_UPLOAD_BYTES + 256 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# To standard error, from where systemd, a container or a shell takes it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "facturando_support.logs.PlainFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "facturando_support.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain" if DEBUG else "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Not Django's own handlers: one of them mails errors with all that a form held.
        "django": {"handlers": [], "level": "INFO"},
        # A line a request, which would bury what a developer looks for.
        "facturando_support.requests": {"level": "WARNING" if DEBUG else "INFO"},
        # daphne's access lines name addresses of people; ours take their place.
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "post_office": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
