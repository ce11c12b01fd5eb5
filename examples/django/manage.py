#!/usr/bin/env python
"""`python manage.py demo` is all that it takes."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cinema.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("There is no Django: pip install -r examples/django/requirements.txt (at the root of the checkout)")
    execute_from_command_line(sys.argv)
