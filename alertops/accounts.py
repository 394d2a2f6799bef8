"""The doors for people who cannot log in yet: accept an invitation, or choose a new password by mail."""

from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset as forget_failures
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.generic import TemplateView
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

from alertops.admin.site import with_eval
from alertops.lib.addresses import throttled_address
from alertops.lib.display import clock
from alertops.throttle import many_names_until
from alerts.channels import account
from alerts.models import User
from alerts.operations import invitations, passwords

BACKEND = "django.contrib.auth.backends.ModelBackend"


class PasswordForm(SetPasswordForm):
    """Choose a password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
        self.fields["new_password1"].widget.attrs["autofocus"] = True
        self.fields["new_password2"].label = _("The same password again")
        self.fields["new_password2"].help_text = ""


class AddressForm(PasswordResetForm):
    """Ask for a new password. What it answers tells nobody whether there is such an account."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def get_users(self, email: str) -> Any:
        return [user for user in super().get_users(email) if user.is_staff]

    def save(self, *_args: Any, **_options: Any) -> None:
        """Have our own letter mailed, with the address that people use for this server and no other."""
        language = get_language() or settings.LANGUAGE_CODE
        passwords.ask_for_links(self.get_users(self.cleaned_data["email"]), language=language)


@method_decorator([with_eval, never_cache], name="dispatch")
class ForgottenView(PasswordResetView):
    """Ask for the address to which a link is mailed."""

    form_class = AddressForm
    template_name = "account/forgotten.html"
    success_url = reverse_lazy("password_reset_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        no_server = "" if settings.EMAIL_URL else account.no_server()
        return super().get_context_data(**_frame(self.request), no_server=no_server, **kwargs)


@method_decorator([with_eval, never_cache], name="dispatch")
class SentView(TemplateView):
    """Say where to look, whether or not there is such an account."""

    template_name = "account/sent.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**_frame(self.request), title=_("Look into your mail"), **kwargs)


@method_decorator([with_eval, never_cache], name="dispatch")
class ChooseView(PasswordResetConfirmView):
    """Choose a new password by the link, and be logged in."""

    form_class = PasswordForm
    template_name = "account/choose.html"
    success_url = reverse_lazy("admin:index")
    post_reset_login = True
    post_reset_login_backend = BACKEND

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**_frame(self.request), **kwargs)

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        forget_failures(username=form.user.get_username())
        messages.success(self.request, _("Your new password is set."))
        return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Let a new person choose a password, once, and log them in."""
    try:
        user = invitations.read(token, now=clock())
        form = PasswordForm(user, request.POST if request.method == "POST" else None)
        if form.is_valid():
            user = invitations.accept(token, form.cleaned_data["new_password1"], now=clock())
            return _let_in(request, user)
    except invitations.DeadLink as dead:
        context = {"title": _("This link does not work"), "text": str(dead)}
        return _render(request, "account/dead.html", context, status=410)
    shown = {"title": _("Welcome to alertops"), "form": form, "person": user}
    return _render(request, "account/choose.html", shown)


def _let_in(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user, backend=BACKEND)
    messages.success(request, _("Welcome. Look whether these settings are right."))
    return HttpResponseRedirect(reverse("admin:alerts_user_me"))


@with_eval  # type: ignore[arg-type]
def locked_out(request: HttpRequest, _answer: HttpResponse, credentials: dict[str, Any]) -> HttpResponse:
    """Answer who has given too many wrong passwords: until when, and what helps meanwhile."""
    address, now = throttled_address(request), clock()
    tried = AccessAttempt.objects.filter(username=credentials.get("username"), ip_address=address)
    begun = tried.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or now
    of_names = many_names_until(address, now)
    ends = of_names or begun + settings.AXES_COOLOFF_TIME
    context = {
        "title": _("Too many wrong passwords"),
        "ends": ends,
        "is_of_names": of_names is not None,
        "can_mail": bool(settings.EMAIL_URL),
    }
    answer = _render(request, "account/locked.html", context, status=429)
    answer["Retry-After"] = str(max(1, int((ends - now).total_seconds())))
    return answer


def _render(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    answer = render(request, template, {**_frame(request), **context}, status=status)
    # The address is a credential: it goes nowhere else, and into no index.
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _frame(request: HttpRequest) -> dict[str, Any]:
    """Return what the pages without a menu need."""
    return {"site_title": admin.site.site_title, **admin.site.each_context(request)}


urls = [
    path("welcome/<str:token>", with_eval(welcome), name="welcome"),  # type: ignore[arg-type]
    path("password-reset/", ForgottenView.as_view(), name="admin_password_reset"),
    path("password-reset/sent/", SentView.as_view(), name="password_reset_done"),
    path("password-reset/<uidb64>/<token>/", ChooseView.as_view(), name="password_reset_confirm"),
]
