"""Settings for the Django plugin of mypy: which models there are."""

SECRET_KEY = "nothing is signed while types are checked"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "chat_engine.django",
    "chat_engine.django.history",
]
