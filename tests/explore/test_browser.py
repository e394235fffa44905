"""The page in a real browser: what it shows is what the library says."""

import csv
import json
import re

import pytest

import bbpscape as bb

DENSITY = "section[aria-label='Spectrum at α']"
OVERLAP = "section[aria-label='Overlap m²(α)']"
SMALL = "N=60&draws=2"


def number(text):
    return float(text.replace("−", "-").replace("∞", "inf"))


def cell(tab, card, row, column):
    """A number of a table, by the name of its row."""
    line = tab.locator(f"{card} .numbers tr", has=tab.locator(f"th:text-is('{row}')")).first
    return number(line.locator("td").nth(column).inner_text())


def drawn(tab, card=DENSITY, **values):
    """Wait until the picture of these values is there."""
    test = """([card, values]) => {
        const query = document.querySelector(card)?.dataset.drawn;
        const shown = new URLSearchParams(query);
        return query !== undefined && Object.entries(values).every(([k, v]) => shown.get(k) === v);
    }"""
    tab.wait_for_function(test, arg=[card, values])


def test_spectrum_and_overlap_show_the_numbers_of_the_library(visit):
    tab = visit(f"a=1.5&alpha=1.8&{SMALL}")
    model = bb.TeacherStudent(loss=bb.NormalizedSquare(1.5))
    drawn(tab, alpha="1.8")
    drawn(tab, OVERLAP)
    spectrum, threshold = bb.spectrum(model, 1.8), bb.threshold(model)
    (outlier,) = spectrum.outliers
    assert cell(tab, DENSITY, "left edge", 1) == pytest.approx(spectrum.left_edge.value, rel=1e-5)
    assert cell(tab, DENSITY, "teacher outlier", 1) == pytest.approx(outlier.eigenvalue, rel=1e-5)
    assert cell(tab, DENSITY, "teacher outlier", 2) == pytest.approx(outlier.m2, rel=1e-3)
    for row, value in (("α_BBP", threshold.alpha_bbp), ("α₀", threshold.alpha_0)):
        assert cell(tab, OVERLAP, row, 0) == pytest.approx(value, rel=1e-6)
    for card in (DENSITY, OVERLAP):  # as large as it was drawn
        _, _, width, height = tab.locator(f"{card} svg").get_attribute("viewBox").split()
        box = tab.locator(f"{card} svg").bounding_box()
        assert box["height"] / box["width"] == pytest.approx(int(height) / int(width), rel=0.02)
    label = tab.locator(f"{DENSITY} svg").get_attribute("aria-label")
    assert "smooth left edge" in label
    assert "m² = 0.228" in label


def between(place, ticks):
    """The value at a place, by the first two ticks."""
    (first, here), (second, there) = ticks[:2]
    return first + (place - here) * (second - first) / (there - here)


def test_the_curve_lies_where_the_library_says(visit):
    """Points of the drawn line, through the axes, are those of the result."""
    tab = visit(f"a=0.7&alpha=2&{SMALL}")
    drawn(tab, OVERLAP)
    model = bb.TeacherStudent(loss=bb.NormalizedSquare(0.7))
    path = tab.locator(f"{OVERLAP} svg g[clip-path] > path[fill='none']").first.get_attribute("d")
    x, y = map(float, re.findall(r"([\d.]+) ([\d.]+)", path)[-1])
    ticks = tab.evaluate(
        "card => [...document.querySelectorAll(card + ' svg text')].map(t => [t.textContent,"
        " t.getAttribute('text-anchor'), +t.getAttribute('x'), +t.getAttribute('y')])",
        OVERLAP,
    )
    plain = [one for one in ticks if re.fullmatch(r"[\d.]+", one[0])]
    along = [(number(text), at) for text, anchor, at, _ in plain if anchor == "middle"]
    up = [(number(text), at - 4) for text, anchor, _, at in plain if anchor == "end"]
    alpha, m2 = between(x, along), between(y, up)
    curve = bb.overlap_curve(model)
    assert alpha == pytest.approx(curve.alpha[-1], rel=2e-3)
    assert m2 == pytest.approx(curve.m2[-1], abs=3e-3)


def test_dragging_the_cursor_and_its_keys_move_the_spectrum(visit):
    tab = visit(f"a=0.7&alpha=2&{SMALL}")
    drawn(tab, OVERLAP)
    box = tab.locator(f"{OVERLAP} .handle").bounding_box()
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(*at)
    tab.mouse.down()
    for step in range(1, 6):
        tab.mouse.move(at[0] + 12 * step, at[1] + 5)
    tab.mouse.up()
    alpha = tab.locator("#field-alpha").input_value()
    assert float(alpha) > 2.2
    drawn(tab, alpha=alpha)
    tab.locator(f"{OVERLAP} .handle").focus()
    tab.keyboard.press("ArrowLeft")
    less = tab.locator("#field-alpha").input_value()
    assert float(less) < float(alpha)
    drawn(tab, alpha=less)
    model = bb.TeacherStudent(loss=bb.NormalizedSquare(0.7))
    m2 = bb.spectrum(model, float(less)).outliers[0].m2
    assert cell(tab, DENSITY, "teacher outlier", 2) == pytest.approx(m2, rel=1e-3)


def test_a_slider_moves_by_keys_and_the_address_follows(visit):
    tab = visit(SMALL)
    drawn(tab)
    tab.locator("input[type=range][data-name=p]").focus()
    tab.keyboard.press("ArrowRight")
    drawn(tab, p="3")
    tab.wait_for_function("() => location.search.includes('p=3')")
    assert tab.locator("#field-p").input_value() == "3"


def test_simulation_fills_in_and_agrees_with_compare(visit):
    tab = visit("a=2&p=1&alpha=2&N=60&draws=3&seed=1")
    drawn(tab)
    tab.get_by_role("button", name="Simulate").click()
    tab.wait_for_selector(f"{DENSITY}[data-draws='3']")
    tab.get_by_role("button", name="Simulate again").wait_for()
    result = bb.compare(bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0)), 2.0, 60, 3, 1)
    row = result.rows[0]
    shown = tab.locator(f"{DENSITY} .numbers table").nth(1).locator("tbody tr").first
    cells = [number(text) for text in shown.locator("td").all_inner_texts()]
    assert cells[2] == pytest.approx(row.measured, rel=1e-3)
    assert cells[3] == pytest.approx(row.standard_error, rel=0.05)
    assert cells[4] == pytest.approx(row.z, abs=0.06)
    tab.wait_for_function("() => location.search.includes('simulate=1')")
    # Another α is another draw: what was simulated is gone with its link.
    tab.locator("#field-alpha").fill("2.5")
    tab.locator("#field-alpha").press("Enter")
    drawn(tab, alpha="2.5")
    assert tab.locator(f"{DENSITY} .numbers table").count() == 1
    tab.wait_for_function("() => !location.search.includes('simulate')")


def test_a_link_brings_the_same_view_back(visit):
    tab = visit("view=story&stop=3&a=1.5&alpha=1.35&N=60&draws=2")
    drawn(tab, alpha="1.35")
    assert tab.locator("button[data-stop='3']").get_attribute("aria-pressed") == "true"
    tab.locator("button[data-stop='2']").click()
    drawn(tab, a="0.7", alpha="0.95")
    again = visit(tab.url.partition("?")[2])
    drawn(again, a="0.7", alpha="0.95")
    assert again.locator("#field-a").input_value() == "0.7"
    tab.go_back()
    drawn(tab, a="1.5", alpha="1.35")


def test_copy_and_download(visit, tmp_path):
    tab = visit(f"a=1.5&alpha=1.8&{SMALL}", permissions=["clipboard-read", "clipboard-write"])
    drawn(tab)
    drawn(tab, OVERLAP)
    tab.wait_for_timeout(500)
    tab.locator(f"{DENSITY} [data-copy=command]").click()
    tab.wait_for_function("() => document.getElementById('said').textContent === 'command copied'")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied == "bbpscape spectrum --p=2 --p-star=1 --a=1.5 --alpha=1.8"
    saved = {}
    for kind in ("PNG", "SVG", "CSV", "JSON"):
        with tab.expect_download() as waiting:
            tab.locator(f"{DENSITY} [data-save={kind}]").click()
        saved[kind] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved[kind])
    spectrum = bb.spectrum(bb.TeacherStudent(loss=bb.NormalizedSquare(1.5)), 1.8)
    record = json.loads(saved["JSON"].read_text())
    assert record == json.loads(json.dumps(spectrum.to_dict()))
    assert bb.Result.from_dict(record).outliers == spectrum.outliers
    head, *lines = saved["CSV"].read_text().splitlines()
    assert head == ",".join(spectrum.columns())
    assert [float(line.split(",")[1]) for line in lines] == spectrum.rho.tolist()
    assert saved["PNG"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    tab.wait_for_selector("section[data-finite]")
    with tab.expect_download() as waiting:
        tab.locator(f"{OVERLAP} [data-save=CSV]").click()
    waiting.value.save_as(tmp_path / "overlap.csv")
    rows = list(csv.DictReader((tmp_path / "overlap.csv").read_text().splitlines()))
    curve = bb.overlap_curve(spectrum.model)
    ends = [float(row["m2"]) for row in rows if row["N"] == "inf"]
    assert ends == curve.m2.tolist()
    (at,) = [row for row in rows if row["N"] == "60"][10:11]
    law = bb.finite.finite_size_law(spectrum.model, float(at["alpha"]), 60, 40, 0, by="labels")
    m2 = law.m2_lowest
    assert [float(at[name]) for name in ("m2", "m2 5 %", "m2 95 %")] == [
        m2.mean,
        min(m2.quantiles.values()),
        max(m2.quantiles.values()),
    ]
    svg = saved["SVG"].read_text()
    assert svg.startswith("<svg xmlns=")
    assert "var(" not in svg


def test_a_mistake_stays_in_its_field_and_the_last_picture_stays(visit):
    tab = visit(f"alpha=2&{SMALL}")
    drawn(tab, alpha="2")
    before = tab.locator(f"{DENSITY} svg").inner_html()
    field = tab.locator("#field-a")
    field.fill("-1")
    field.press("Enter")
    tab.locator("#mistake-a", has_text="greater than 0").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    assert tab.locator(f"{DENSITY} svg").inner_html() == before
    field.fill("0.5")
    field.press("Enter")
    drawn(tab, a="0.5")
    assert tab.locator("#mistake-a").inner_text() == ""


def test_a_late_answer_says_nothing_of_a_field_that_has_changed(visit):
    """The mistake of −1 comes when the field holds 0.5: it is not said."""
    tab = visit(f"alpha=2&{SMALL}")
    drawn(tab, alpha="2")
    held = []
    tab.route(lambda url: "a=-1" in url, lambda route: held.append(route))  # until it is let go
    field = tab.locator("#field-a")
    field.fill("-1")
    field.press("Enter")
    tab.wait_for_timeout(400)
    field.fill("0.5")
    field.press("Enter")
    assert held
    for route in held:
        route.continue_()
    drawn(tab, a="0.5")
    tab.wait_for_timeout(300)
    assert tab.locator("#mistake-a").inner_text() == ""
    assert field.get_attribute("aria-invalid") is None


def test_every_field_has_its_own_line(visit):
    tab = visit("p=2.5&a=-1&N=0&loss=foo(y)")
    for name in ("p", "a", "N"):
        tab.locator(f"#mistake-{name}", has_text=f"{name} must be").wait_for()
    tab.locator("#mistake-loss:not(:empty)").wait_for()


HOSTILE = [
    "p=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    "loss=%22%3E%3Cscript%3Ethrow%201%3C%2Fscript%3E",
    "activation=__import__('os').system('true')",
    "N=99999999999&draws=1e9&alpha=1e300",
    "view=__proto__&axes=constructor&stop=NaN&seed=-1",
    "covariance=/etc/passwd&side=1e99&steps=%00",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_addresses_are_texts(visit, query):
    tab = visit(query)
    tab.wait_for_function(
        "() => [...document.querySelectorAll('.mistake')].some((one) => one.textContent)"
        " || document.querySelector('section[data-drawn]')"
    )
    assert tab.locator("main img, main script, form img, form script").count() == 0


def test_a_click_in_the_diagram_sets_the_model(visit):
    tab = visit("view=diagram&p=2")
    card = "section[aria-label='Phase diagram']"
    drawn(tab, card)
    box = tab.locator(f"{card} svg").bounding_box()
    tab.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"])
    a, alpha = (float(tab.locator(f"#field-{name}").input_value()) for name in ("a", "alpha"))
    assert 0.2 < a < 5
    assert 2 < alpha < 4
    assert cell(tab, card, "a", 0) == pytest.approx(a, rel=1e-3)
    critical = bb.critical_a(2, 1)
    assert cell(tab, card, "a where the kind changes", 0) == pytest.approx(critical, rel=1e-5)
    tab.locator("a[data-view=transition]").click()
    drawn(tab, alpha=tab.locator("#field-alpha").input_value())


def test_descent_comes_from_three_starts(visit):
    tab = visit("view=descent&a=1&N=30&draws=2&steps=20")
    tab.wait_for_selector("section[data-paths='6'][data-shown]")
    card = "section[aria-label='Gradient descent']"
    model, rule = bb.TeacherStudent(loss=bb.NormalizedSquare(1.0)), bb.DescentRule(steps=20)
    for start in ("random", "hessian", "spectral"):
        paths = bb.descend(model, 3.0, 30, 2, 0, start, rule).trajectories
        ends = sum(float(path.m2[-1]) for path in paths) / 2
        assert cell(tab, card, start, 3) == pytest.approx(ends, rel=1e-3)


def test_the_photograph_is_shown(visit):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    tab = visit("view=photograph&side=16&steps=20&alpha=2")
    card = "section[aria-label='A photograph from its measurements']"
    drawn(tab, card)
    found = bb.photograph(2.0, 16, rule=bb.DescentRule(steps=20))
    assert tab.locator(f"{card} image").count() == 5 + len(found.strip)
    for way in found.recoveries:
        assert cell(tab, card, way.name, 1) == pytest.approx(way.m2, rel=1e-3)


def test_two_tabs_do_not_disturb_each_other(visit):
    one, other = visit(f"a=0.7&alpha=2&{SMALL}"), visit(f"a=1.5&alpha=1.8&{SMALL}")
    drawn(one, alpha="2")
    drawn(other, alpha="1.8")
    one.locator("#field-alpha").fill("2.5")
    one.locator("#field-alpha").press("Enter")
    drawn(one, alpha="2.5")
    assert other.locator("#field-alpha").input_value() == "1.8"
    assert cell(other, OVERLAP, "α_BBP", 0) == pytest.approx(1.322938, rel=1e-5)
    assert cell(one, OVERLAP, "α_BBP", 0) == pytest.approx(0.927055, rel=1e-5)


def test_a_server_that_ended_says_so(browser):
    with bb.explore(N=60) as served:
        tab = browser.new_page()
        tab.goto(served.address)
        tab.wait_for_selector(f"{DENSITY}[data-drawn]")
    tab.locator("#gone").wait_for(state="visible", timeout=10_000)
    assert "bbpscape explore --port" in tab.locator("#gone").inner_text()
    assert tab.locator(f"{DENSITY} svg path").count() > 1
    tab.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_its_screen_and_every_control_has_a_name(visit, width):
    tab = visit(SMALL)
    tab.set_viewport_size({"width": width, "height": 720})
    drawn(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll('input, select, button, [role=slider], [role=img]')]
            .map((one) => one.labels?.length || one.ariaLabel || one.textContent.trim())
            .filter((name) => !name).length"""
    )
    assert unnamed == 0
