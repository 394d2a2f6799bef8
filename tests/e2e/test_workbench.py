"""The mapping workbench in a real browser: by mouse, by keyboard, with a large delivery, by two at once."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.processes, pytest.mark.browser]

BENCH = "/integrations/mappingrule/workbench/1/"


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def bench(request, installation, browser):
    """Return the workbench of the demo's integration, opened by its administrator.

    Browsers write refusals into the console, so only errors of scripts fail a test here.
    """
    name, password = re.search(r"Log-in: (\S+) / (\S+)", installation.manage("demo")).groups()
    page = browser.new_context(viewport=request.param).new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(installation.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("body")).to_contain_text("Overview")
    page.goto(installation.url + BENCH)
    expect(outcome(page)).to_contain_text("the status “FAILED” opens an alert")
    yield page
    page.context.close()
    assert errors == []


def outcome(page):
    return page.locator(".ao-wb-bar")


def row(page, key):
    return page.get_by_role("treeitem").filter(
        has=page.locator(".ao-wb-keyname", has_text=re.compile(f"^{key}$"))
    )


def paste(page, data):
    page.get_by_label("Try the rules with").select_option("text")
    page.get_by_label("Data, as it would be posted").fill(data if isinstance(data, str) else json.dumps(data))


def test_a_value_of_the_tree_becomes_a_path_and_a_status_value(bench):
    row(bench, "state").locator(".ao-wb-value").click()
    bench.get_by_role("button", name="closes", exact=True).click()

    expect(outcome(bench)).to_contain_text("“FAILED” closes the alert")

    row(bench, "description").locator(".ao-wb-value").click()
    bench.get_by_role("group", name="Use this").get_by_role("button", name="Source Name").click()

    expect(bench.get_by_label("Source Name", exact=True)).to_have_value("commit_status^description")
    expect(bench.locator("[data-field=source_name] .ao-wb-found")).to_have_text("Build failed")
    expect(outcome(bench)).to_contain_text("Not saved yet")
    overflow = bench.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_the_tree_is_gone_through_by_keyboard(bench):
    tree = bench.get_by_role("tree")
    tree.locator("[tabindex='0']").focus()
    focused = bench.locator(".ao-wb-row:focus")

    for key, name in [("Home", "actor"), ("ArrowLeft", "actor"), ("ArrowDown", "repository")]:
        bench.keyboard.press(key)
        expect(focused.locator(".ao-wb-keyname")).to_have_text(name)
    bench.keyboard.press("ArrowUp")
    expect(focused).to_have_attribute("aria-expanded", "false")
    for key, name in [("ArrowRight", "actor"), ("ArrowRight", "display_name"), ("ArrowLeft", "actor")]:
        bench.keyboard.press(key)
        expect(focused.locator(".ao-wb-keyname")).to_have_text(name)
    bench.keyboard.press("ArrowDown")
    bench.keyboard.press("Enter")
    expect(bench.get_by_role("group", name="Use this").locator("button:focus")).to_have_count(1)
    bench.keyboard.press("Escape")
    expect(focused.locator(".ao-wb-keyname")).to_have_text("display_name")


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_rules_are_put_in_order_by_buttons_and_by_dragging_and_saved(bench):
    titles = bench.locator(".ao-wb-title strong")
    expect(titles).to_have_text(["1. Pull requests", "2. Issues", "3. Build statuses"])

    bench.get_by_role("button", name="Move down").first.click()
    expect(titles).to_have_text(["1. Issues", "2. Pull requests", "3. Build statuses"])
    expect(bench.locator("button:focus")).to_have_accessible_name("Move down")

    bench.locator(".ao-wb-rule-head").first.evaluate("head => head.scrollIntoView({block: 'center'})")
    grip = bench.locator(".ao-wb-grip").nth(1).bounding_box()
    first = bench.locator(".ao-wb-rule-head").first.bounding_box()
    bench.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    bench.mouse.down()
    bench.mouse.move(grip["x"] + grip["width"] / 2, first["y"] + 5, steps=8)
    bench.mouse.up()
    expect(titles).to_have_text(["1. Pull requests", "2. Issues", "3. Build statuses"])

    bench.get_by_label("Name of the rule").fill("Builds")
    bench.keyboard.press("Control+s")
    expect(bench.get_by_text("From now on deliveries are read by these rules")).to_be_visible()
    bench.reload()
    expect(titles.nth(2)).to_have_text("3. Builds")


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_an_error_stands_at_its_field_and_nothing_is_saved(bench):
    bench.get_by_label("Source Name", exact=True).fill("a^^b")

    expect(bench.locator("[data-field=source_name] .ao-error")).to_contain_text("put one ^ between two keys")
    bench.get_by_role("button", name="Save all rules").click()
    expect(bench.get_by_text("Nothing was saved")).to_be_visible()
    expect(bench.get_by_label("Source Name", exact=True)).to_be_focused()


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_whoever_comes_second_is_told(bench):
    other = bench.context.new_page()
    other.goto(bench.url)
    other.get_by_label("Name of the rule").fill("Theirs")
    other.get_by_role("button", name="Save all rules").click()
    expect(other.get_by_text("From now on")).to_be_visible()

    bench.get_by_label("Name of the rule").fill("Mine")

    expect(bench.get_by_text("saved other rules")).to_be_visible()
    bench.get_by_role("button", name="Save mine instead").click()
    expect(bench.get_by_text("From now on")).to_be_visible()
    expect(bench.get_by_text("saved other rules")).to_have_count(0)


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_a_delivery_of_a_megabyte_does_not_hold_up_the_page(bench):
    items = [{"number": number, "text": "x" * 60, "deep": {"a": {"b": number}}} for number in range(5000)]
    data = {"items": items, "big": 12345678901234567890, "real": 1.0}
    paste(bench, data)
    expect(row(bench, "items")).to_contain_text("5000 elements")
    expect(row(bench, "big")).to_contain_text("12345678901234567890")
    expect(row(bench, "real")).to_contain_text("1.0")

    took = bench.evaluate(
        """async () => {
            const began = performance.now();
            const rows = [...document.querySelectorAll(".ao-wb-row")];
            const row = rows.find((row) => row.node.label === "items");
            if (row.getAttribute("aria-expanded") === "false") row.querySelector(".ao-wb-value").click();
            await new Promise(requestAnimationFrame);
            return performance.now() - began;
        }"""
    )

    assert took < 1000
    assert bench.get_by_role("treeitem").count() < 300
    bench.get_by_placeholder("Find a key or a value").fill("4321")
    expect(bench.get_by_role("treeitem").first).to_contain_text("4321")


@pytest.mark.parametrize("bench", [DESK], ids=["desk"], indirect=True)
def test_the_sample_is_sent_and_its_row_in_the_log_is_linked(bench):
    bench.get_by_role("button", name="Test", exact=True).click()

    expect(bench.get_by_text(re.compile("(Opened|Joined) #"))).to_be_visible(timeout=20_000)
    bench.get_by_role("link", name="Its row in the log").click()
    expect(bench.locator("body")).to_contain_text("a test")
