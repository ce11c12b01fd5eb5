"""The site alone, under any WSGI server; its sockets are served by `manage.py chat_server`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cinema.settings")
application = get_wsgi_application()
