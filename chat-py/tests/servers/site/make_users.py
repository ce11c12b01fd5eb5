"""Makes the tables and two users, and prints a session of each."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "served_settings")
django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
sessions = {}
for name in ("kim", "lee"):
    user = get_user_model().objects.create_user(name, f"{name}@example.org", "secret", first_name=name.title())
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    sessions[name] = session.session_key
print(json.dumps(sessions))
