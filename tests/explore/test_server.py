"""Answers of the server: the library's numbers, this machine alone, and work that is dropped."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import psutil
import pytest
from tests.explore.conftest import fetch

import bbpscape as bb
from bbpscape.explore import limits, pool
from bbpscape.explore.server import Server
from bbpscape.explore.state import State
from bbpscape.explore.views.overlap import recovery_from


def parts(messages, name):
    return [one for one in messages if one.get("part") == name]


def test_the_spectrum_is_that_of_the_library(ask):
    (found,) = parts(ask("table", "a=1.5&alpha=1.8"), "spectrum")
    expected = bb.spectrum(bb.TeacherStudent(loss=bb.NormalizedSquare(1.5)), 1.8)
    assert found["record"] == json.loads(json.dumps(expected.to_dict()))
    assert found["columns"]["rho"] == expected.rho.tolist()
    (shown,) = parts(ask("density", "a=1.5&alpha=1.8"), "spectrum")
    assert shown["record"].items() <= found["record"].items()
    assert set(found["record"]) - set(shown["record"]) == {"profile"}


def test_a_first_look_is_near_what_follows(ask):
    ask("density", "p=1&loss=huber&alpha=2")
    rough, whole = parts(ask("density", "p=1&loss=huber&alpha=3"), "spectrum")
    assert (rough["sketch"], whole["sketch"]) == (True, False)
    expected = bb.spectrum(bb.TeacherStudent(1, 1, "huber"), 3.0)
    assert whole["record"]["rho"] == expected.rho.tolist()
    assert rough["record"]["rho"] != expected.rho.tolist()
    assert rough["record"]["left_edge"]["value"] == pytest.approx(
        expected.left_edge.value, rel=0.02
    )
    grid = np.linspace(*expected.eigenvalue[[5, -5]], 50)
    near = np.interp(grid, rough["record"]["eigenvalue"], rough["record"]["rho"])
    assert near == pytest.approx(expected.density(grid), abs=0.03 * expected.rho.max())


def test_a_simulation_is_compare_draw_by_draw(ask):
    messages = ask("simulation", "a=2&N=40&draws=3&alpha=2&seed=4")
    expected = bb.compare(bb.TeacherStudent(loss=bb.NormalizedSquare(2.0)), 2.0, 40, 3, 4)
    draws = parts(messages, "draw")
    assert [one["record"]["draws"] for one in draws] == [1, 2, 3]
    assert np.array_equal([one["eigenvalues"] for one in draws], expected.eigenvalues)
    (last,) = parts(messages, "comparison")
    assert bb.Result.from_dict(last["record"]).rows == expected.rows


def test_the_overlap_is_that_of_the_library(ask):
    (found,) = parts(ask("overlap", "a=1.5"), "curve")
    expected = bb.overlap_curve(bb.TeacherStudent(loss=bb.NormalizedSquare(1.5)))
    assert found["record"] == json.loads(json.dumps(expected.to_dict()))


def test_a_curve_that_comes_by_points_is_that_of_the_library(ask):
    query = "p=1&loss=huber&delta=1"
    messages = ask("overlap", query)
    expected = bb.overlap_curve(bb.TeacherStudent(1, 1, "huber"))
    points = [(one["alpha"], one["m2"]) for one in parts(messages, "point")]
    assert sorted(points) == list(zip(expected.alpha, expected.m2, strict=True))
    # The first say already how the curve runs.
    first = np.sort([alpha for alpha, _ in points[:8]]) / expected.threshold.alpha_bbp
    assert np.diff(first).max() < 0.7
    (found,) = parts(messages, "curve")
    assert found["record"]["m2"] == expected.m2.tolist()
    assert found["record"]["alpha"] == expected.alpha.tolist()


@pytest.mark.parametrize(
    ("query", "alpha", "why"),
    [
        ("teacher=u1*u2&p_star=2&loss=square", 0.593751098210935, ""),
        ("teacher=tanh(u1)&loss=square", 0.0, ""),
        ("covariance=power:0.3", None, "isotropic"),
    ],
)
def test_weak_recovery_is_that_of_any_teacher(query, alpha, why):
    found = recovery_from(State.read(query).model)
    assert found["alpha"] == pytest.approx(alpha, abs=1e-9)
    assert why in found["why"]


def test_the_curve_at_finite_n(ask):
    messages = ask("finite", "a=2&p=1&N=60&seed=3")
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
    laws = parts(messages, "law")
    assert len(laws) >= 15
    one = laws[7]["record"]
    again = bb.finite.finite_size_law(model, one["alpha"], 60, one["draws"], 3)
    assert one["m2_lowest"]["mean"] == again.m2_lowest.mean
    (half,) = parts(messages, "half")
    assert half["record"]["alpha"] == bb.finite.half_alpha(model, 60, one["draws"], 3).alpha


def test_the_diagram_is_that_of_the_library(ask):
    (found,) = parts(ask("phases", "axes=p,alpha&a=1&p_star=2"), "diagram")
    again = bb.diagram(p=np.arange(1, 21), p_star=2, a=1.0, alpha=np.linspace(0.2, 8.2, 41))
    assert np.array(found["record"]["fields"]["m2"]) == pytest.approx(again.fields["m2"], abs=1e-9)
    assert found["record"]["lines"]["critical"]["p"] == again.lines["critical"]["p"].tolist()


def test_descents_are_those_of_descend(ask):
    messages = ask("descent", "a=1&N=30&draws=2&alpha=3&steps=20")
    model, rule = bb.TeacherStudent(loss=bb.NormalizedSquare(1.0)), bb.DescentRule(steps=20)
    for start in ("random", "hessian", "spectral"):
        paths = bb.descend(model, 3.0, 30, 2, 0, start, rule).trajectories
        found = [one["record"] for one in parts(messages, "path") if one["start"] == start]
        assert [one["m2"] for one in found] == [path.m2.tolist() for path in paths]
        assert [one["loss"] for one in found] == [path.loss.tolist() for path in paths]
        steps = [
            one["row"]
            for one in parts(messages, "step")
            if (one["start"], one["draw"]) == (start, 1)
        ]
        assert [row[4] for row in steps] == paths[1].m2.tolist()


def test_the_photograph_is_that_of_the_library(ask):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    messages = ask("picture", "side=8&steps=6&alpha=2")
    assert len(parts(messages, "work")) == 4
    (found,) = parts(messages, "photograph")
    again = bb.photograph(2.0, 8, rule=bb.DescentRule(steps=6))
    # Lanczos in another process may round otherwise.
    assert found["record"]["recoveries"][2]["m2"] == pytest.approx(again.recoveries[2].m2, 1e-6)
    assert found["record"]["image"] == again.image.tolist()


@pytest.mark.parametrize(
    ("view", "query", "field"),
    [
        ("density", "a=-1", "a"),
        ("density", "loss=foo(y)", "loss"),
        ("simulation", "N=5000", "N"),
        ("simulation", "p=inf", ""),
        ("descent", "draws=100000", "N"),
        ("descent", "steps=0", "steps"),
        ("picture", "side=9000", "side"),
        ("picture", "p_star=2", "p_star"),
        ("finite", "N=10000000", "N"),
        ("phases", "loss=huber", ""),
        ("phases", "axes=b,c", "axes"),
        ("words", "overlap=2", "overlap"),
    ],
)
def test_a_mistake_is_a_line(ask, view, query, field):
    error = ask(view, query)[-1]["error"]
    assert error["field"] == field
    assert error["message"]
    assert "\n" not in error["message"]
    assert "unexpectedly" not in error["message"]


def test_what_takes_too_long_is_told_before_it_is_done():
    model = bb.TeacherStudent()
    limits.check_comparison(model, 3.0, 300, 10, 0)
    with pytest.raises(bb.InvalidInput, match="10 draws would take about"):
        limits.check_comparison(model, 3.0, 5000, 10, 0)


def test_other_pages_and_other_names_are_refused(page_of):
    base = page_of.address.partition("?")[0]
    host = base.split("/")[2]
    assert fetch(base)[0] == 200
    assert fetch(f"{base}controls", Origin=f"http://{host}")[0] == 200
    assert fetch(f"{base}controls", **{"Sec-Fetch-Site": "same-origin"})[0] == 200
    assert fetch(f"{base}controls", Origin="http://evil.example")[0] == 403
    assert fetch(f"{base}controls", Origin="null")[0] == 403
    assert fetch(f"{base}controls", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    # A name of the attacker's that leads to this machine.
    assert fetch(base, Host=f"evil.example:{host.split(':')[1]}")[0] == 403
    # A tunnel has a port of its own.
    assert fetch(base, Host="localhost:1")[0] == 200
    assert fetch(base, Host="127.0.0.1")[0] == 200


def test_a_server_for_others_answers_to_addresses_and_its_own_name():
    with Server("0.0.0.0", 0) as server:
        allowed = [server.allowed(f"{name}:{server.port}") for name in ("192.168.1.7", "[fe80::1]")]
        assert allowed == [True, True]
        assert server.allowed(f"{socket.gethostname()}:{server.port}")
        refused = ("evil.example", "127.0.0.1.evil.example", "", "[", "a:b:c")
        assert not any(server.allowed(name) for name in refused)
        server.pool.close()


HOST = b"Host: 127.0.0.1\r\n"
MISFORMED = {
    "body": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nGET /x HT", 400),
    "chunks": (b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "post": (b"POST /ask/words HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\na=1", 501),
    "old": (b"GET / HTTP/1.0\r\n" + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 403),
    "address": (b"GET http://[ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "long line": (b"GET /" + 70_000 * b"a" + b" HTTP/1.1\r\n", 414),
    "long query": (b"GET /ask/words?a=" + 5000 * b"1" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "headers": (b"GET / HTTP/1.1\r\n" + 200 * b"X: 1\r\n" + b"\r\n", 431),
    "noise": (bytes(range(128, 256)) + b"\r\n\r\n", 400),
    "websocket": (b"GET /ws HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\n\r\n", 404),
}


def received(line):
    """What comes next; nothing where the server left words unread."""
    try:
        return line.recv(1 << 16)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(("sent", "status"), MISFORMED.values(), ids=MISFORMED)
def test_what_is_no_question_is_a_line(page_of, sent, status):
    with socket.create_connection(("127.0.0.1", page_of._server.port), timeout=20) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        text = b"".join(iter(lambda: received(line), b""))
    head, _, said = text.decode().partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "default-src 'none'" in head
    assert "text/plain" in head
    assert said.count("\n") == 1


def test_a_client_that_talks_meanwhile_is_left(page_of):
    """Else its words would wake the server again and again."""
    server = page_of._server
    talks = open_question(server, "simulation", "N=500&draws=20&alpha=3")
    while not busy(server):
        time.sleep(0.02)
    talks.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert settled(server)
    talks.close()


@pytest.mark.parametrize(
    "path",
    [
        "page/../server.py",
        "page/%2e%2e/server.py",
        "ask/",
        "ask/rm",
        "x",
        "page/none.js",
        "ask/words/x",
    ],
)
def test_there_is_nothing_else(page_of, path):
    assert fetch(page_of.address.partition("?")[0] + path)[0] == 404


def test_pages_ask_no_other_machine(page_of):
    base = page_of.address.partition("?")[0]
    for name, text in page_of._server.files.items():
        assert b"http://" not in text.replace(b"http://www.w3.org/", b""), name
        assert b"https://" not in text, name
    with urllib.request.urlopen(base) as reply:
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


def open_question(server, view, query):
    """A connection on which a question was asked, and the first bytes of its answer."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        f"GET /ask/{view}?{query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    )
    return connection


def busy(server):
    return list(server.pool.lent)


def settled(server, seconds=10.0):
    until = time.monotonic() + seconds
    while busy(server) and time.monotonic() < until:
        time.sleep(0.02)
    return not busy(server)


def test_a_closed_tab_stops_its_work_and_others_go_on(page_of, ask):
    server = page_of._server
    assert settled(server)
    slow = open_question(server, "simulation", "N=150&draws=500&alpha=3")
    while not busy(server):
        time.sleep(0.02)
    assert parts(ask("density", "a=0.7"), "spectrum")
    processes = {one.process.pid for one in busy(server)}
    assert processes
    slow.close()
    assert settled(server)
    # It was told to drop it, and lives on.
    assert processes <= {one.process.pid for one in server.pool._all if one.alive}


def test_slow_questions_leave_a_process_to_quick_ones(page_of, ask):
    server = page_of._server
    assert settled(server)
    slow = [open_question(server, "descent", f"N=100&draws=20&seed={k}") for k in range(4)]
    while len(busy(server)) < server.pool.size - 1:
        time.sleep(0.02)
    assert parts(ask("density", "a=0.7"), "spectrum")
    assert len(busy(server)) == server.pool.size - 1
    # What waits holds none of the few connections of a browser.
    assert ask("simulation", "N=30") == [{"busy": True}]
    for one in slow:
        one.close()
    assert settled(server)


def test_quick_questions_that_take_long_leave_another_to_the_next(page_of, ask):
    """The overlap curve of a network takes a process for long, and the slider must not wait."""
    server = page_of._server
    assert settled(server)
    network = "activation=tanh&a=50&p=3"
    long = [open_question(server, "descent", f"N=100&draws=60&seed={k}") for k in range(2)]
    long.append(open_question(server, "overlap", network))
    while len(busy(server)) < server.pool.size:
        time.sleep(0.02)
    assert parts(ask("density", "a=0.7"), "spectrum")
    assert len(busy(server)) == server.pool.size
    for one in long:
        one.close()
    assert settled(server)


def test_what_is_not_urgent_rests_while_a_spectrum_is_computed(page_of):
    """Its process computes nothing meanwhile, and goes on afterwards."""
    server = page_of._server
    assert settled(server)
    slow = open_question(server, "descent", "N=100&draws=20")
    while not busy(server):
        time.sleep(0.02)
    (worker,) = busy(server)
    process = psutil.Process(worker.process.pid)
    with server.pool.lend("somebody's density", lambda: False, urgent=True):
        time.sleep(0.5)
        before = process.cpu_times().user
        time.sleep(1.0)
        assert process.cpu_times().user - before < 0.05
    until = time.monotonic() + 20
    while process.cpu_times().user - before < 0.2 and time.monotonic() < until:
        time.sleep(0.05)
    assert process.cpu_times().user - before >= 0.2
    slow.close()
    assert settled(server)


def test_a_question_that_is_dropped_is_followed_in_the_same_process(page_of):
    """It knows the model; what waits beside takes another."""
    pool = page_of._server.pool
    assert settled(page_of._server)

    def lent(client, urgent):
        with pool.lend(client, lambda: False, urgent=urgent) as worker:
            worker.ask("descent", "N=100&draws=20")
            worker.hear()
            return worker

    first = lent("a tab's density", urgent=True)
    assert lent("a tab's overlap", urgent=False) is not first
    assert lent("a tab's density", urgent=True) is first


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("bbpscape.explore.explore", {"scipy.optimize", "numba", "bbpscape.theory"}),
        (
            "bbpscape.explore.views.spectrum",
            {"numba", "matplotlib", "bbpscape.simulation", "bbpscape.experiments"},
        ),
    ],
)
def test_the_first_picture_waits_for_nothing_that_it_does_not_need(module, unwanted):
    code = f"import sys, {module}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert module in found
    assert not unwanted & set(found)


def test_a_process_that_is_killed_is_a_line_and_another_comes(page_of, ask):
    server = page_of._server
    assert settled(server)
    slow = open_question(server, "simulation", "N=500&draws=20")
    while not busy(server):
        time.sleep(0.02)
    time.sleep(1.0)
    busy(server)[0].process.kill()
    text = b""
    while b"0\r\n\r\n" not in text[-5:]:
        text += slow.recv(1 << 16)
    assert b"the computation ended" in text
    slow.close()
    assert parts(ask("density", "a=0.7"), "spectrum")
    # One that ends while it has nothing to do may be found dead only when it is asked.
    for one in list(server.pool._all):
        one.process.kill()
    (last,) = ask("words")[-1:]
    assert "part" in last or "the computation ended" in last["error"]["message"]


def test_a_process_that_remembers_too_much_is_replaced(page_of, ask, monkeypatch):
    server = page_of._server
    assert settled(server)
    # One that ended in the test before may be found dead only when it is asked.
    assert any(parts(ask("density", "a=0.7"), "spectrum") for _ in range(server.pool.size + 1))
    used = {one for one in server.pool._idle if one.client.endswith("density")}
    assert used
    monkeypatch.setattr(pool, "LARGE", 0)
    assert parts(ask("density", "a=0.8"), "spectrum")
    assert len([one for one in used if one.alive]) == len(used) - 1
    monkeypatch.undo()
    assert parts(ask("density", "a=0.7"), "spectrum")


def test_a_port_that_is_taken_is_a_line():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(bb.InvalidInput, match="choose another, or 0"),
    ):
        Server("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 100, "é" * 70, "\0", "203.0.113.7"])
def test_a_host_that_is_not_here_is_a_line(host):
    with pytest.raises(bb.InvalidInput, match="cannot be opened .*host must be an address"):
        Server(host, 0)


def test_processes_that_do_not_start_are_said(monkeypatch):
    monkeypatch.setattr(pool, "serve", int)
    with bb.explore() as served:
        base = served.address
        status, text = fetch(f"{base}ask/words?")
    assert status == 200
    assert "no process could be started" in json.loads(text)["error"]["message"]


@pytest.mark.parametrize(
    "given", [{"port": 70000}, {"port": -1}, {"host": ""}, {"N": 0}, {"model": 3}, {"alpha": -1.0}]
)
def test_arguments_are_checked_before_anything_is_served(given):
    with pytest.raises(bb.InvalidInput):
        bb.explore(**given)


def test_a_notebook_shows_the_page(page_of):
    html = page_of._repr_html_()
    assert html.startswith("<iframe")
    assert f'src="{page_of.address.replace("&", "&amp;")}"' in html
    assert page_of.address.endswith("?alpha=2&N=60&draws=2")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_ctrl_c_is_how_the_command_ends(number, status):
    command = [sys.executable, "-m", "bbpscape", "explore", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as running:
        assert "Ctrl-C ends it" in running.stdout.readline()
        worker = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(number)
        said = running.communicate(timeout=30)[1]
    assert running.returncode == status
    assert said.startswith("bbpscape: the page is no longer served" if status == 0 else "bbpscape:")
    assert said.count("\n") == 1
    # The tracker of resources notices it a moment later.
    assert not psutil.wait_procs(worker, timeout=20)[1]


def test_close_ends_the_server_and_its_processes():
    with bb.explore() as served:
        base, workers = served.address, list(served._server.pool._all)
        assert fetch(f"{base}alive")[0] == 200
    assert not any(one.process.is_alive() for one in workers)
    with pytest.raises(urllib.error.URLError):
        fetch(f"{base}alive")
