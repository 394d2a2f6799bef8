"""The pages of what other packages store: API tokens, the task queue and wrong passwords."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS
from unfold.widgets import UnfoldAdminSelectWidget

from alertops.lib.admin import LogAdmin, ModelAdmin
from alertops.lib.display import Tone, badge, clock, page_of, what, when
from alerts import rights
from alerts.models import User

for _model in (AccessAttempt, AuthToken, Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class TokenForm(forms.ModelForm):
    """A new API token; its text lives only until the page that shows it is left."""

    actor: User
    token = ""
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        choices=[(90, _("90 days")), (365, _("1 year")), ("", _("ever, until it is deleted here"))],
        coerce=int,
        initial=90,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = AuthToken
        fields = ["user"]

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if not rights.may_manage(self.actor, user):
            raise ValidationError(
                _("%(user)s has rights that you have not: only a superuser can make this token.")
                % {"user": user}
            )
        return user

    def save(self, commit: bool = True) -> AuthToken:  # noqa: FBT001, FBT002 (Django's signature)
        self.instance.digest, self.token = get_digest_token()
        self.instance.token_key = self.token[: CONSTANTS.TOKEN_KEY_LENGTH]
        days: int | None = self.cleaned_data["days"]
        self.instance.expiry = clock() + timedelta(days=days) if days else None
        return super().save(commit)


@admin.register(AuthToken)
class TokenAdmin(ModelAdmin):
    """API tokens: made here, shown once, revoked by deleting them. Only a digest is stored."""

    form = TokenForm
    fieldsets = [
        (
            None,
            {
                "description": _(
                    "A program that uses the token may do what this person may. Make a user of its own for"
                    " each program, so that its rights are few and its acts bear its name."
                ),
                "fields": ("user", "days"),
            },
        )
    ]
    autocomplete_fields = ["user"]
    list_display = ["owner", "made", "ends"]
    list_display_links = None
    readonly_fields = ["beginning", "made", "ends"]
    list_select_related = ["user"]
    ordering = ["-created"]
    search_fields = ["user__username", "user__email", "token_key"]
    heading = _("API tokens")
    add_label = _("Create API token")
    empty_title = _("No API token yet")
    empty_text = _("With a token a program can read, acknowledge and close alerts: see the API's pages.")

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, *args, **kwargs)
        form.actor = request.user
        return form

    def has_change_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (
            obj is None or rights.may_manage(request.user, obj.user)  # type: ignore[arg-type]
        )

    def save_form(self, request: HttpRequest, form: TokenForm, change: bool) -> AuthToken:  # noqa: FBT001
        token = super().save_form(request, form, change)
        request.new_token = form.token  # type: ignore[attr-defined]
        return token

    def response_add(self, request: HttpRequest, obj: AuthToken, *_args: Any) -> HttpResponse:
        """Show the token, this once: it goes into no message, session or log."""
        return self.render(
            request,
            "admin/token_once.html",
            title=_("The new API token"),
            token=request.new_token,  # type: ignore[attr-defined]
            row=obj,
            base_url=settings.BASE_URL,
        )

    def get_fieldsets(self, request: HttpRequest, obj: AuthToken | None = None) -> Any:
        """Ask for what a new token needs; of one that there is, show what is known."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        return [(None, {**self.fieldsets[0][1], "fields": ("user", "beginning", "made", "ends")})]

    @admin.display(description=_("user"), ordering="user")
    def owner(self, row: AuthToken) -> SafeString:
        words = gettext("begins with %(beginning)s") % {"beginning": self.beginning(row)}
        return what(page_of(row), row.user, words)

    @admin.display(description=_("begins with"))
    def beginning(self, row: AuthToken) -> str:
        return f"{row.token_key}…"

    @admin.display(description=_("made"), ordering="created")
    def made(self, row: AuthToken) -> str:
        return when(row.created, clock())

    @admin.display(description=_("ends"), ordering="expiry")
    def ends(self, row: AuthToken) -> str:
        return when(row.expiry, clock()) or str(_("never"))


class SuperuserLog(LogAdmin):
    """What only superusers look at, and nobody touches: arguments of tasks are code to who can write them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser


class TaskAdmin(SuperuserLog):
    list_display = ["name", "func", "cluster", "begun", "took"]
    fields = ["name", "func", "cluster", "started", "stopped", "attempt_count"]
    search_fields = ["name", "func"]
    ordering = ["-stopped"]
    # Their columns are pickles; a list has no need to open them.
    pickles = ("args", "kwargs", "result")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.pickles)

    @admin.display(description=_("started"))
    def begun(self, task: Any) -> str:
        return when(task.started, clock())

    @admin.display(description=_("took"))
    def took(self, task: Any) -> str:
        return f"{(task.stopped - task.started).total_seconds():.2f} s"


@admin.register(Success)
class SuccessAdmin(TaskAdmin):
    empty_title = _("No successful task is kept")
    empty_text = _("Tasks that end well leave nothing behind: what they did is in the logs of what they did.")


@admin.register(Failure)
class FailureAdmin(TaskAdmin):
    fields = [*TaskAdmin.fields, "result"]
    empty_title = _("No task has failed")
    empty_text = _(
        "A task that fails does no harm: what it should have done is due, and is done by the next."
    )


@admin.register(Schedule)
class ScheduleAdmin(SuperuserLog):
    """What runs by itself is written by the program; a row edited by hand could run anything."""

    heading = _("What runs by itself")
    note = _("These rows are written by the program, and nobody edits them: a row could run anything.")
    list_before_template = "admin/chips.html"
    list_display = ["name", "func", "minutes", "cluster", "next"]
    fields = ["name", "func", "schedule_type", "minutes", "cluster", "next_run"]

    @admin.display(description=_("next"))
    def next(self, schedule: Schedule) -> str:
        return when(schedule.next_run, clock())


@admin.register(OrmQ)
class QueueAdmin(SuperuserLog):
    list_display = ["id", "key", "name", "func", "lock"]
    fields = ["key", "name", "func", "lock"]
    empty_title = _("The queue is empty")


@admin.register(AccessAttempt)
class AttemptAdmin(SuperuserLog):
    """Wrong passwords, and who has to wait because of them."""

    heading = _("Wrong passwords")
    note = _(
        "After five wrong passwords for one name, the address that they came from waits for fifteen minutes;"
        " the name can log in from elsewhere meanwhile. A new password chosen by mail opens the way at once."
    )
    list_before_template = "admin/chips.html"
    list_display = ["name", "state", "ip_address", "failures_since_start", "last"]
    search_fields = ["username", "ip_address"]
    search_help_text = _("Search by log-in name or address")
    fields = ["username", "ip_address", "failures_since_start", "attempt_time", "user_agent"]
    empty_title = _("Nobody has given a wrong password lately")
    empty_text = _("Who logs in rightly is forgotten here; so is what is older than fifteen minutes.")

    @admin.display(description=_("name"), ordering="username")
    def name(self, row: AccessAttempt) -> str:
        return row.username or str(_("none"))

    @admin.display(description=_("status"))
    def state(self, row: AccessAttempt) -> SafeString:
        has_to_wait = row.failures_since_start >= settings.AXES_FAILURE_LIMIT
        if has_to_wait and clock() < row.attempt_time + settings.AXES_COOLOFF_TIME:
            return badge(str(_("has to wait")), Tone.AMBER, "lock_clock")
        return badge(str(_("may try again")), Tone.GREY, "lock_open", look="plain")

    @admin.display(description=_("last"), ordering="attempt_time")
    def last(self, row: AccessAttempt) -> str:
        return when(row.attempt_time, clock())
