"""What can be different is said by the environment."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "not a secret: tests only, but long enough for all who ask"
DEBUG = bool(os.environ.get("SITE_DEBUG"))
ALLOWED_HOSTS = [] if DEBUG else ["testserver", "localhost", "127.0.0.1", ".example.org"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "django.contrib.staticfiles",
    "chat_engine.django",
    "chat_engine.django.history",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A file, since threads and other processes look into it too.
DATABASE = os.environ["SITE_DATABASE"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "OPTIONS": {"timeout": 20},
        "TEST": {"NAME": DATABASE},
    }
}
CHAT = {"default": {"URL": os.environ.get("SITE_CHAT_URL", "memory://")}}
if "SITE_HELLO" in os.environ:
    CHAT["default"]["OPTIONS"] = {"hello_timeout": float(os.environ["SITE_HELLO"])}
if "SITE_SERVE" in os.environ:
    CHAT["default"]["SERVE"] = {"0": False, "1": True}.get(os.environ["SITE_SERVE"], os.environ["SITE_SERVE"])
# Stored where a test asks for it.
CHAT_HISTORY = {"ALIASES": []}
