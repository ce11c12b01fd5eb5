"""A site with users, sessions and a chat, as small as it gets."""

import os

SECRET_KEY = "for tests only, and long enough for those who look at its length"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "chat.example"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "chat_engine.django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "served_views"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SITE_DATABASE"]}}
USE_TZ = True
CHAT = {
    "default": {
        "URL": os.environ.get("SITE_CHAT", "memory://"),
        "STORE": {"lease": 3},
        # A test is one address, and in a hurry.
        "OPTIONS": {"rate": 0},
    }
}
