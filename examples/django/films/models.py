"""Films: the objects of this site that have rooms."""

from django.db import models
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Film(models.Model):
    """A film. Its room has an id that follows from it, so that nothing about the chat has to be stored here."""

    slug = models.SlugField(max_length=50, unique=True)
    title = models.CharField(_("title"), max_length=80)
    title_ko = models.CharField(_("title in Korean"), max_length=80)
    director = models.CharField(_("director"), max_length=80)
    year = models.PositiveSmallIntegerField(_("year"))
    about = models.TextField(_("what it is about"))
    about_ko = models.TextField(_("what it is about, in Korean"))

    class Meta:
        ordering = ["year", "slug"]
        verbose_name = _("film")
        verbose_name_plural = _("films")

    def __str__(self):
        return self.title_ko if _korean() else self.title

    @property
    def text(self):
        """What it is about, in the reader's language."""
        return self.about_ko if _korean() else self.about

    @property
    def room(self):
        """The id of its room."""
        return f"film-{self.slug}"

    @property
    def room_title(self):
        """One title for readers of both languages: a room has one for all."""
        return self.title if self.title == self.title_ko else f"{self.title} · {self.title_ko}"

    def get_absolute_url(self):
        """The page of its room."""
        return reverse("room", args=[self.room])


def _korean():
    return (get_language() or "").startswith("ko")
