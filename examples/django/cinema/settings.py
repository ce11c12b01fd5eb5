"""A small site: films, people who log in by e-mail, and a chat room for whatever they want to talk about.

Nothing has to be set. `CHAT_URL=redis://…` keeps the rooms in Redis, `DATABASE` is another file, and where `DEBUG=0`
is set, `SECRET_KEY`, `ALLOWED_HOSTS` and `CHAT_WS_URL` have to be, too. `BEHIND_PROXY=1` believes the proxy's
`X-Forwarded-Proto`.
"""

import os
from pathlib import Path

from .secret import kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))

DEBUG = os.environ.get("DEBUG", "1") != "0"
SECRET_KEY = os.environ.get("SECRET_KEY") or (kept_secret(VAR_DIR / "secret") if DEBUG else "")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]

INSTALLED_APPS = [
    "people",
    "films",
    "chat_engine.django",
    "chat_engine.django.history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

CHAT = {
    "default": {
        "URL": os.environ.get("CHAT_URL", "memory://"),
        # Inside `runserver`, whatever the store. Elsewhere `chat_server` or `cinema.asgi` serves, and CHAT_WS_URL
        # says where.
        "SERVE": True,
        "WS_URL": os.environ.get("CHAT_WS_URL"),
        # Who is not logged in sees the log-in.
        "ANONYMOUS": False,
        "HOOKS": "films.rules.Rules",
    }
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "cinema.policy.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "cinema.urls"
WSGI_APPLICATION = "cinema.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", VAR_DIR / "db.sqlite3"),
        # The history writes while people sign up: who comes second waits.
        "OPTIONS": {"timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "main"
LOGOUT_REDIRECT_URL = "log-in"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

if not DEBUG:
    CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = True
if os.environ.get("BEHIND_PROXY") == "1":
    # Only where a proxy sets it, whatever the client has sent: otherwise anybody could claim to have come by https.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
