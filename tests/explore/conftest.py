"""One page for all tests of a module, and a browser where there is one."""

import json
import shutil
import urllib.error
import urllib.request

import pytest

import bbpscape as bb

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def page_of():
    """A page that is served."""
    with bb.explore(alpha=2.0, N=60, draws=2) as served:
        yield served


def fetch(address, **headers):
    """(status, text) of a request."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="session")
def ask(page_of):
    """The messages of a question."""
    base = page_of.address.partition("?")[0]

    def messages(view, query=""):
        status, text = fetch(f"{base}ask/{view}?{query}")
        assert status == 200
        return [json.loads(line) for line in text.splitlines()]

    return messages


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; a test that needs it is skipped where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the page is tested in a browser with playwright"
    )
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt install chromium")
    with playwright.sync_playwright() as running:
        # Root, as in a container, has no sandbox.
        found = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(browser, page_of):
    """A tab at a query; what its console says must be nothing."""
    base, opened, said = page_of.address.partition("?")[0], [], []

    def elsewhere(url):
        return not url.startswith((base, "data:", "blob:"))

    def go(query="", **options):
        context = browser.new_context(viewport={"width": 1280, "height": 720}, **options)
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        tab.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        tab.on("pageerror", lambda one: said.append(str(one)))
        tab.on("request", lambda one: said.append(one.url) if elsewhere(one.url) else None)
        opened.append(context)
        tab.goto(f"{base}?{query}" if query else base)
        return tab

    yield go
    for context in opened:
        context.close()
    assert said == []
