"""Films in the admin."""

from django.contrib import admin

from .models import Film


@admin.register(Film)
class FilmAdmin(admin.ModelAdmin):
    """What is in the admin already is enough."""

    list_display = ["title", "title_ko", "director", "year"]
    search_fields = ["title", "title_ko", "director"]
    prepopulated_fields = {"slug": ["title"]}
