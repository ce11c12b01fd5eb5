"""A site with nothing but a chat, for both sides of a comparison."""

SECRET_KEY = "of a site that lives for seconds, and long enough"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "chat_engine.django", "channels"]
ROOT_URLCONF = "site_settings"
urlpatterns: list[object] = []
USE_TZ = True
# Its default is 100 messages for each: a load that waits for all of them never gets there.
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
# As chat-load starts chat-server.
CHAT = {"default": {"URL": "memory://", "OPTIONS": {"rate": None, "connections": 19_000}}}
