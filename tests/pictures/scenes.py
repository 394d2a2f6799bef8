"""What an address alone does not show: states, roles, answers to what somebody does, pages without a menu.

A path may name rows of the day, like /alerts/alert/{critical}/change/. `act` is what is done on the page
before it is photographed; each is done once for each look, so it leaves things as they were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import get_random_string
from playwright.sync_api import Page

FULL, EMPTY = "full", "empty"
ALERT = "/alerts/alert/"
LOG = "/integrations/inboundmessage/"
SENDER = "/integrations/integration/"
WORKBENCH = "/integrations/mappingrule/workbench/"
POLICY = "/alerts/escalationpolicy/"
USER = "/alerts/user/"


@dataclass(frozen=True)
class Scene:
    """One picture.

    name: begins with the part of the product that it belongs to.  who: who is logged in; "" is nobody.
    status: what the page answers.  world: which installation.
    """

    name: str
    path: str
    who: str = "admin"
    act: Callable[[Page], Any] | None = None
    status: int = 200
    world: str = FULL


# What is done on a page


def press(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        page.wait_for_load_state()

    return act


def submit(page: Page) -> None:
    """Send a form as it is, with what is missing or wrong in it."""
    page.locator("#main form .ao-acts button[type=submit], [name=_save]").first.click()
    page.wait_for_load_state()


def select_three(action: str) -> Callable[[Page], None]:
    """Choose the first three rows of a list and an action."""

    def act(page: Page) -> None:
        for box in page.locator(".action-select").all()[:3]:
            box.check()
        if action:
            page.locator("select[name=action]").select_option(action)
            page.locator("button[name=index]").first.click()
            page.wait_for_load_state()

    return act


def fill_in_by_hand(page: Page) -> None:
    page.get_by_label("What is wrong").fill("The card readers at the till do not answer")
    page.get_by_label("Escalation policy").select_option(label="Platform, day and night")
    page.locator("#ao-preview .ao-stages").wait_for()


def foretell(page: Page) -> None:
    page.locator("#ao-forecast .ao-card:not(.ao-waits)").first.wait_for()


def ask_for_a_range(page: Page) -> None:
    page.locator("select[name=integration]").select_option(label="Payments")
    submit(page)
    foretell(page)


def pick_a_value(page: Page) -> None:
    row = page.get_by_role("treeitem").filter(has=page.locator(".ao-wb-keyname", has_text="state")).first
    row.locator(".ao-wb-value").click()
    page.locator(".ao-wb-offer").wait_for()


def write_nonsense(page: Page) -> None:
    page.get_by_label("Source Name", exact=True).fill("repository^^name")
    page.locator(".ao-wb-broken, [data-field=source_name] .ao-error").first.wait_for()


def bench_is_ready(page: Page) -> None:
    page.get_by_role("treeitem").first.wait_for()


def save_twice(page: Page) -> None:
    """Save a page that another one has saved since it was opened."""
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("[name=description]").fill(f"As Clara wrote it, {get_random_string(4)}")
    other.locator("[name=_save]").first.click()
    other.wait_for_load_state()
    other.close()
    page.locator("[name=description]").fill("As I would have it")
    submit(page)


def unfold_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def log_in_wrongly(page: Page) -> None:
    page.get_by_label("Username").fill(get_random_string(8))
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()


def log_in_too_often(page: Page) -> None:
    name = get_random_string(8)
    for _try in range(6):
        page.goto(page.url)
        if not page.get_by_label("Username").count():
            break
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()


def open_menu(page: Page) -> None:
    if (page.viewport_size or {}).get("width", 0) < 1000:
        page.get_by_text("dock_to_right").nth(1).click()
        page.wait_for_timeout(400)  # it slides


SCENES = [
    # The overview, as it greets each
    Scene("overview of a responder", "/", who="anna"),
    Scene("overview of a viewer", "/", who="dmitri"),
    Scene("overview with its menu", "/", act=open_menu),
    Scene("overview of a new installation", "/", world=EMPTY),
    # Alerts
    *(
        Scene(f"alerts list {name}", f"{ALERT}?{query}")
        for name, query in (
            ("not closed", "status=not_closed"),
            ("unacknowledged", "status=open"),
            ("mine", "whose=mine"),
            ("snoozed", "status=snoozed"),
            ("closed today", "status=closed_today"),
        )
    ),
    Scene("alerts list of a viewer", f"{ALERT}?status=not_closed", who="dmitri"),
    Scene("alerts list searched", f"{ALERT}?q=checkout"),
    Scene("alerts list nothing found", f"{ALERT}?q=no+such+thing"),
    Scene("alerts list with three chosen", f"{ALERT}?status=not_closed", act=select_three("")),
    *(
        Scene(f"alerts list {action} three", f"{ALERT}?status=not_closed", act=select_three(action))
        for action in ("close", "snooze", "assign")
    ),
    *(
        Scene(f"alert {name}", f"{ALERT}{{{name}}}/change/")
        for name in (
            *("critical", "build", "exhausted", "warning", "assigned", "snoozed", "hostile", "night"),
            *("manual", "merged", "mended", "flapping", "grafana"),
        )
    ),
    Scene("alert of a responder who has it", f"{ALERT}{{orders}}/change/", who="anna"),
    Scene("alert of a viewer", f"{ALERT}{{critical}}/change/", who="dmitri"),
    Scene("alert with all unfolded", f"{ALERT}{{orders}}/change/", act=unfold_everything),
    Scene("alert act refused", f"{ALERT}{{night}}/do/snooze/"),
    Scene("alert act with an error", f"{ALERT}{{orders}}/do/note/", act=submit),
    Scene("alert by hand with preview", f"{ALERT}add/", act=fill_in_by_hand),
    Scene("alert by hand with errors", f"{ALERT}add/", act=submit),
    # The inbound log
    Scene("log problems", f"{LOG}?status=problems"),
    Scene("log ignored", f"{LOG}?status=mapped_ignored"),
    Scene("log last hour", f"{LOG}?since=hour"),
    Scene("log searched", f"{LOG}?q=checkout"),
    Scene("log nothing found", f"{LOG}?q=no+such+thing"),
    Scene("log of one integration", f"{LOG}?integration__id__exact={{sender payments}}"),
    Scene("log of a viewer", LOG, who="dmitri"),
    *(
        Scene(f"delivery {name}", f"{LOG}{{{name}}}/change/")
        for name in ("opened", "ignored", "failed", "refused", "many", "hostile delivery")
    ),
    Scene("delivery with all unfolded", f"{LOG}{{failed}}/change/", act=unfold_everything),
    Scene("process again preview", f"{LOG}{{failed}}/process-again/", act=foretell),
    Scene("process again preview of a range", f"{LOG}process-again/", act=ask_for_a_range),
    Scene("process again range with errors", f"{LOG}process-again/", act=submit),
    Scene("process again report", "/integrations/replay/{run}/change/"),
    # Integrations
    Scene("integrations gallery searched", f"{SENDER}add/?q=pipe"),
    Scene("integrations gallery nothing found", f"{SENDER}add/?q=no+such+thing"),
    Scene("integrations add Bitbucket", f"{SENDER}add/?preset=bitbucket"),
    Scene("integrations add with errors", f"{SENDER}add/?preset=custom", act=submit),
    *(
        Scene(f"integration {name}", f"{SENDER}{{sender {name}}}/change/")
        for name in ("builds", "payments", "nagios", "gitlab", "hostile")
    ),
    Scene(
        "integration with all unfolded", f"{SENDER}{{sender builds}}/change/", act=unfold_everything
    ),
    Scene("integration of a viewer", f"{SENDER}{{sender builds}}/change/", who="dmitri"),
    Scene("integration set-up waiting", f"{SENDER}{{sender gitlab}}/setup/"),
    Scene("integration set-up with the URL shown", f"{SENDER}{{sender gitlab}}/setup/", act=press("Show")),
    Scene("integration set-up of Bitbucket", f"{SENDER}{{sender builds}}/setup/"),
    Scene("integration delete refused", f"{SENDER}{{sender builds}}/delete/"),
    Scene("integration delete", f"{SENDER}{{sender gitlab}}/delete/"),
    Scene("rule of a viewer", "/integrations/mappingrule/{rule}/change/", who="dmitri"),
    Scene("workbench", f"{WORKBENCH}{{sender builds}}/?message={{opened}}", act=bench_is_ready),
    Scene("workbench with a value picked", f"{WORKBENCH}{{sender builds}}/", act=pick_a_value),
    Scene("workbench with an error", f"{WORKBENCH}{{sender builds}}/", act=write_nonsense),
    *(
        Scene(f"workbench with {name}", f"{WORKBENCH}{{{of}}}/?message={{{name}}}", act=bench_is_ready)
        for name, of in (("failed", "sender payments"), ("many", "sender grafana"))
    ),
    # Escalation, notifications
    Scene("policy day and night", f"{POLICY}{{policy night}}/change/"),
    Scene("policy with errors", f"{POLICY}add/", act=submit),
    Scene("policy history", f"{POLICY}{{policy night}}/history/"),
    Scene("policy edited meanwhile", f"{POLICY}{{policy office}}/change/", act=save_twice, status=409),
    Scene("policy delete refused", f"{POLICY}{{policy website}}/delete/"),
    Scene("policy of a viewer", f"{POLICY}{{policy night}}/change/", who="dmitri"),
    Scene("notifications failed", "/alerts/notification/?status=failed"),
    Scene("notification not sent", "/alerts/notification/{not sent}/change/"),
    # People
    Scene("people invite with errors", f"{USER}add/", act=submit),
    Scene("people invited", f"{USER}{{user noor}}/change/"),
    Scene("people invitation ended", f"{USER}{{user otto}}/change/"),
    Scene("people invitation refused", f"{USER}{{user lena}}/change/"),
    Scene("people deactivated", f"{USER}{{user paul}}/change/"),
    Scene("people active", f"{USER}{{user ines}}/change/"),
    Scene("people told only", f"{USER}{{user emeka}}/change/"),
    Scene("people deactivate who is needed", f"{USER}{{user anna}}/deactivate/"),
    Scene("people delete", f"{USER}{{user paul}}/delete/"),
    Scene("people of an administrator", USER, who="farah"),
    Scene("people my page", f"{USER}me/", who="ben"),
    Scene("people my page of a viewer", f"{USER}me/", who="dmitri"),
    Scene("people API token", "/knox/authtoken/add/", act=submit),
    # Without a menu
    Scene("account log-in", "/login/", who=""),
    Scene("account log-in wrong", "/login/", who="", act=log_in_wrongly),
    Scene("account log-in locked", "/login/", who="", act=log_in_too_often, status=429),
    Scene("account password forgotten", "/password-reset/", who=""),
    Scene("account password mail sent", "/password-reset/sent/", who=""),
    Scene("account password dead link", "/password-reset/Mg/set-password-nothing/", who=""),
    Scene("account password choose", "{link password}", who=""),
    Scene("account welcome", "{link welcome}", who=""),
    Scene("account welcome dead link", "/welcome/no-such-link", who="", status=410),
    Scene("account password without mail server", "/password-reset/", who="", world=EMPTY),
    Scene("answer acknowledge", "{link acknowledge}", who=""),
    Scene("answer close", "{link close}", who=""),
    Scene("answer already closed", "{link closed}", who=""),
    Scene("answer cut link", "/answer/no-such-link", who="", status=404),
    Scene("mail page", "{mail page}", who=""),
    Scene("mail closed", "{mail closed}", who=""),
    Scene("mail invitation", "{mail invitation}", who=""),
    Scene("errors 403", f"{SENDER}add/", who="dmitri", status=403),
    Scene("errors 404", f"{ALERT}999999/change/", status=404),
    Scene("errors 500", "{failure}", who=""),
    Scene("API documentation", "/api/v1/docs"),
]  # fmt: skip
