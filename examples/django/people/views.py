"""Sign-up, then log-in, then the main page."""

from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.generic import CreateView

from .forms import SignUpForm


class SignUp(CreateView):
    """Makes an account, and leads to the log-in."""

    form_class = SignUpForm
    template_name = "people/sign_up.html"

    def form_valid(self, form):
        """Welcomes, once."""
        response = super().form_valid(form)
        messages.success(self.request, _("Welcome, %(name)s. You can log in now.") % {"name": self.object.name})
        return response

    def get_success_url(self):
        """The log-in, with the address filled in already."""
        return f"{reverse('log-in')}?{urlencode({'email': self.object.email})}"


class LogIn(LoginView):
    """Who is in already goes straight to the main page."""

    template_name = "people/log_in.html"
    redirect_authenticated_user = True

    def get_initial(self):
        """The address with which somebody has just signed up."""
        return {**super().get_initial(), "username": self.request.GET.get("email", "")}
