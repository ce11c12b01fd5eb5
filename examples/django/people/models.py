"""Who may come in."""

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager):
    """Makes users who have no user name."""

    def create_user(self, email, password=None, **fields):
        """Somebody who may log in."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        """Somebody who may do everything, for `manage.py createsuperuser`."""
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)

    def get_by_natural_key(self, email):
        """Whoever has this address, in whatever case it was written."""
        return self.get(email=email.lower())


class User(AbstractUser):
    """Somebody with an address, which nobody else sees, and a name, which everybody does."""

    username = None
    first_name = None
    last_name = None
    email = models.EmailField(
        _("e-mail address"), unique=True, error_messages={"unique": _("Somebody has signed up with this address.")}
    )
    name = models.CharField(_("name"), max_length=32, help_text=_("Shown to others."))

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def save(self, *args, **kwargs):
        """The same address in other letters is the same address."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    def get_full_name(self):
        """What the chat calls this person."""
        return self.name

    def get_short_name(self):
        """What the admin calls this person."""
        return self.name
