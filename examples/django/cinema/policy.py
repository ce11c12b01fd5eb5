"""The site's Content-Security-Policy: everything comes from the site itself, but for the chat's socket."""

from urllib.parse import urlsplit

from django.conf import settings

from chat_engine.django.templatetags.chat_engine import address

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


class ContentSecurityPolicy:
    """Middleware that says so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == 500:
            # Django's page for a fault is one of inline scripts.
            return response
        policy = {**POLICY, "connect-src": f"'self' {socket_origin(request)}".strip()}
        written = "; ".join(f"{name} {what}" for name, what in policy.items())
        response.headers.setdefault("Content-Security-Policy", written)
        return response


def socket_origin(request):
    """Where the sockets are, if that is somewhere else than the page."""
    url = urlsplit(address("default", request))
    if not url.netloc:
        return ""
    return f"{url.scheme or ('wss' if request.is_secure() else 'ws')}://{url.netloc}"
