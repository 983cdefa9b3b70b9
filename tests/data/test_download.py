import hashlib
import http.server
import threading

import pytest

from pydl.data import DataError
from pydl.data.download import download
from pydl.data.files import check_sha256, read_file

BODY = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind = self.path.strip("/")
        if kind == "missing":
            return self.send_error(404)
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            return self.end_headers()
        body = {"html": b"<html>please log in</html>", "wrong": BODY[:-1] + b"!", "empty": b""}.get(kind, BODY)
        self.send_response(200)
        if kind not in ("endless", "unsized"):
            self.send_header("Content-Length", {"huge": str(10**15), "odd": "x1"}.get(kind, str(len(body))))
        self.end_headers()
        if kind == "truncated":
            body = body[:5000]
        repeats = 50 if kind == "endless" else 1
        try:
            for _ in range(repeats):
                self.wfile.write(body)
        except OSError:
            pass
        return None

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "set" / "file.bin"


def check(part, target):
    assert not target.exists()
    check_sha256(read_file(part, 10**7), DIGEST, target)


def get(server, target, *kinds, **options):
    options = {"limit": 2 * len(BODY), "check": check, "progress": False} | options
    return download([server + kind for kind in kinds], target, **options)


@pytest.mark.parametrize("kind", ["good", "moved", "unsized"])
def test_a_good_file(server, target, kind):
    assert get(server, target, kind) == target
    assert target.read_bytes() == BODY
    assert [p.name for p in target.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "404"),
        ("html", "a data file, got an HTML"),
        ("wrong", f"SHA-256 {DIGEST}"),
        ("empty", "SHA-256"),
        ("truncated", f"{len(BODY)} bytes, got 5000"),
        ("huge", f"at most {2 * len(BODY)} bytes, got {10**15}"),
        ("endless", f"at most {2 * len(BODY)} bytes, got more"),
    ],
)
def test_bad_answers_leave_nothing(server, target, kind, words):
    with pytest.raises(DataError, match=f"{server}{kind}: expected .*(?:{words})"):
        get(server, target, kind)
    assert not target.parent.exists()


def test_mirrors_are_tried_in_order(server, target):
    get(server, target, "missing", "wrong", "truncated", "good", "endless")
    assert target.read_bytes() == BODY


def test_every_reason_is_given(server, target):
    with pytest.raises(DataError) as caught:
        get(server, target, "missing", "html")
    assert "404" in str(caught.value)
    assert "HTML" in str(caught.value)


def test_nobody_there(target):
    with pytest.raises(DataError, match="refused"):
        get("http://127.0.0.1:9/", target, "x")
    with pytest.raises(DataError, match="expected"):
        get("nonsense:", target, "x")


def test_an_old_file_survives_a_failed_download(server, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    with pytest.raises(DataError):
        get(server, target, "truncated")
    assert target.read_bytes() == b"old"
    assert len(list(target.parent.iterdir())) == 1


def test_interruption_leaves_nothing(server, target):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, target, "good", progress=interrupt)
    assert not target.parent.exists()


def test_progress_is_reported(server, target):
    seen = []
    get(server, target, "good", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)


def test_a_folder_that_cannot_be(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="a folder to download to"):
        get(server, tmp_path / "file" / "x" / "y", "good")
