"""The addresses."""

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("", include("films.urls")),
    path("", include("people.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    # With DEBUG alone, for servers other than `runserver`, which does it by itself.
    *staticfiles_urlpatterns(),
]
