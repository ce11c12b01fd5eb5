"""A project with nothing but rooms, as it is deployed: without DEBUG, with the layer that its operator has chosen."""

import os

SECRET_KEY = "of a site that lives for seconds, and long enough"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["channels"]
USE_TZ = True
ASGI_APPLICATION = "rooms.asgi.application"

# The layer that several processes need; without a URL the one that is for a single process.
redis_url = os.environ.get("REDIS_URL")
if redis_url:
    layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [redis_url]}}
else:
    layer = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
CHANNEL_LAYERS = {"default": layer}
