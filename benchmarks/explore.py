"""How fast the page follows a slider, how soon it can be used, and what a hundred moves leave.

    pip install playwright && apt install chromium
    python benchmarks/explore.py

The time is measured in the browser, from the slider's event to the picture of its value.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time

import psutil
from playwright.sync_api import sync_playwright

MOVE = """async ([name, value]) => {
    const slider = document.querySelector(`input[type=range][data-name=${name}]`);
    const card = document.querySelector("section[aria-label='Spectrum at α']");
    slider.value = value;
    const began = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const wanted = document.getElementById(`field-${name}`).value;
    const at = () => new URLSearchParams(card.dataset.drawn ?? "").get(name) ?? "";
    const start = document.getElementById(`field-${name}`).dataset.start ?? "3";
    while (at() !== wanted && !(at() === "" && wanted === start)) {
        await new Promise((next) => requestAnimationFrame(next));
    }
    return performance.now() - began;
}"""


def serve():
    command = [sys.executable, "-m", "bbpscape", "explore", "--no-browser", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["address"]


def memory(process):
    """Bytes of the server and its workers."""
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    return sum(one.memory_info().rss for one in tree)


def latencies(tab, moves, pause):
    found = []
    for value in moves:
        found.append(tab.evaluate(MOVE, ["alpha", value]))
        tab.wait_for_timeout(pause)
    return found


def told(what, found, goal):
    found = sorted(found)
    late = found[min(len(found) - 1, round(0.95 * (len(found) - 1)))]
    print(f"{what:42s} median {statistics.median(found):7.0f} ms   p95 {late:7.0f} ms   {goal}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--slow-moves", type=int, default=6)
    given = parser.parse_args()
    rng = random.Random(0)
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        browser.new_page().close()
        began = time.perf_counter()
        process, address = serve()
        tab, said = browser.new_page(viewport={"width": 1280, "height": 720}), []
        tab.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        tab.on("pageerror", lambda one: said.append(str(one)))
        tab.goto(address)
        tab.wait_for_selector("section[aria-label='Spectrum at α'][data-drawn]")
        print(
            f"from the command to the first picture: {time.perf_counter() - began:.2f} s (goal 3 s)"
        )
        tab.wait_for_selector("section[data-finite]", timeout=120_000)
        moves = [round(rng.uniform(0.5, 8), 2) for _ in range(given.moves)]
        told("the source's model, α", latencies(tab, moves, 20), "(goal 150, 400)")
        tab.goto(f"{address}?a=1.5")
        tab.wait_for_selector("section[data-finite]", timeout=120_000)
        told("a smooth edge, a = 1.5, α", latencies(tab, moves, 20), "(goal 150, 400)")
        hundred(tab, process, rng)
        tab.goto(f"{address}?activation=tanh&a=50&alpha=2")
        tab.wait_for_selector("section[aria-label='Spectrum at α'][data-drawn]", timeout=120_000)
        slow = [round(rng.uniform(1, 4), 2) for _ in range(given.slow_moves)]
        told("tanh, p = 2, α", latencies(tab, slow, 100), "(goal 1500)")
        print(f"errors in the console: {len(said)} {said[:3]}")
        browser.close()
    process.terminate()
    process.wait()


def hundred(tab, process, rng):
    """Random moves of all sliders as fast as they come, and the memory before and after."""
    names = ["p", "p_star", "a", "alpha", "N", "draws"]
    script = """([name, share]) => {
        const one = document.querySelector(`input[type=range][data-name=${name}]`);
        one.value = +one.min + share * (one.max - one.min);
        one.dispatchEvent(new Event("input", { bubbles: true }));
    }"""
    collect = tab.context.new_cdp_session(tab)

    def heap():
        collect.send("HeapProfiler.collectGarbage")
        return tab.evaluate("performance.memory.usedJSHeapSize")

    tab.wait_for_timeout(2000)
    before, page = memory(process), heap()
    for _ in range(100):
        tab.evaluate(script, [rng.choice(names), rng.random()])
        tab.wait_for_timeout(rng.choice([5, 30, 100]))
    tab.wait_for_timeout(5000)
    grown, page = memory(process) - before, heap() - page
    print(
        f"100 random moves: page {page / 2**20:+.1f} MiB, server and workers "
        f"{grown / 2**20:+.1f} MiB (goal 50)"
    )


if __name__ == "__main__":
    main()
