"""The process around the kernels: import, environment, fork, threads, exit."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import pydl

PACKAGE = Path(pydl.__file__).resolve().parent


def python(code, cwd=None, **environment):
    """A fresh interpreter that finds the same pydl."""
    path = os.pathsep.join([str(PACKAGE.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=cwd,
        env={**os.environ, "PYTHONPATH": path if list(PACKAGE.glob("_cpu*")) else os.environ.get("PYTHONPATH", ""),
             **environment})  # fmt: skip


QUIET_IMPORT = """
import os, signal, sys, threading
import numpy as np
def state():
    handlers = {s: signal.getsignal(s) for s in signal.valid_signals()}
    return dict(os.environ), handlers, np.geterr(), np.random.get_state()[1][:5].tolist()
before = state()
import pydl
assert state() == before
optional = {"tqdm", "matplotlib", "cupy", "PIL", "torch", "sklearn"} & set(sys.modules)
assert not optional, optional
x = np.float64(5e-324)
pydl.ones(100_000).exp()
assert x * 1.0 == 5e-324 and np.float32(1e-40) * np.float32(1) > 0
print("quiet")
"""


def test_import_and_kernels_leave_the_process_as_it_was():
    result = python(QUIET_IMPORT)
    assert result.stdout == "quiet\n", result.stderr


def test_import_starts_no_thread():
    count = "len(os.listdir('/proc/self/task'))"
    code = f"import os, numpy; n = {count}; import pydl; print({count} - n)"
    assert python(code).stdout == "0\n"


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("PYDL_NUM_THREADS", "abc", "[PYDL_NUM_THREADS] expected an integer in 1 … 1024, got 'abc'"),
        ("PYDL_NUM_THREADS", "0", "[PYDL_NUM_THREADS] expected an integer in 1 … 1024, got '0'"),
        ("PYDL_ISA", "sse9", "[PYDL_ISA] expected one of"),
    ],
)
def test_bad_environment_is_an_error_of_the_import(variable, value, text):
    result = python("import pydl", **{variable: value})
    assert result.returncode == 1
    assert text in result.stderr


def test_thread_count_from_the_environment():
    assert python("import pydl; print(pydl.get_num_threads())", PYDL_NUM_THREADS="3").stdout == "3\n"


def test_the_source_tree_without_its_compiled_module_says_what_to_type(tmp_path):
    (tmp_path / "CMakeLists.txt").touch()
    package = tmp_path / "pydl"
    package.mkdir()
    for file in PACKAGE.rglob("*.py"):
        target = package / file.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.meta_path[:] = [f for f in "
         "sys.meta_path if 'editable' not in type(f).__module__.lower() + type(f).__name__.lower()]; import pydl"],
        capture_output=True, text=True, cwd="/")  # fmt: skip
    assert result.returncode == 1
    assert f"pip install -e {tmp_path}" in result.stderr


FORK_COLD_AND_WARM = """
import os, pydl
pydl.set_num_threads(4)
def work():
    return float((pydl.ones(400_000) * 2.0).exp().sum())
expected = work()
children = []
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if work() == expected else 1)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children], work() == expected)
"""


def test_fork_after_kernels_have_run():
    result = python(FORK_COLD_AND_WARM)
    assert result.stdout == f"{[0] * 8} True\n", result.stderr


FORK_INSIDE = """
import os, threading, warnings, pydl
warnings.simplefilter("ignore")
pydl.set_num_threads(4)
x = pydl.ones(2_000_000)
stop = threading.Event()
def busy():
    while not stop.is_set():
        x.tanh()
thread = threading.Thread(target=busy)
thread.start()
codes = []
for _ in range(12):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if float((pydl.ones(300_000) + 1.0).sum()) == 600_000 else 1)
    codes.append(os.waitpid(pid, 0)[1])
stop.set()
thread.join()
print(codes)
"""


def test_fork_while_another_thread_is_inside_a_kernel():
    result = python(FORK_INSIDE)
    assert result.stdout == f"{[0] * 12}\n", result.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_start_methods(method, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing as mp, pydl\n"
        "def work(i):\n    return float((pydl.ones(200_000) * i).sum())\n"
        "if __name__ == '__main__':\n"
        f"    with mp.get_context({method!r}).Pool(2) as pool:\n"
        "        print(pool.map(work, [1, 2, 3]))\n"
    )
    result = python(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')", cwd=tmp_path)
    assert result.stdout == "[200000.0, 400000.0, 600000.0]\n", result.stderr[-800:]


def test_eight_threads_of_mixed_operations_equal_serial(threads):
    threads(3)
    rng = np.random.default_rng(0)
    inputs = [pydl.from_numpy(rng.standard_normal(70_000 + i).astype("f4")) for i in range(8)]

    def work(x):
        y = ((x * 2.0).tanh() + x.exp()).sigmoid()
        return y.numpy().tobytes(), y.sum().item()

    expected = [work(x) for x in inputs]
    got = [None] * 8

    def run(i):
        for _ in range(10):
            got[i] = work(inputs[i])

    workers = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert got == expected


def test_the_interpreter_is_free_while_a_kernel_runs():
    x = pydl.ones(1500, 1500, dtype="float64")
    ticks, done = [0], threading.Event()

    def count():
        while not done.is_set():
            ticks[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    for _ in range(20):
        x.sin()
    done.set()
    counter.join()
    assert ticks[0] > 1000


def test_fewer_threads_than_asked_for_is_no_error():
    code = """
import resource, pydl
pydl.set_num_threads(64)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
import os
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
print(float(pydl.ones(3_000_000).sum()))
"""
    assert python(code).stdout == "3000000.0\n"


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "os._exit(3)", "raise KeyboardInterrupt"])
def test_exit_with_live_tensors_and_threads_is_silent(ending):
    code = (
        "import os, sys, threading, time, pydl\n"
        "x = pydl.ones(300_000, requires_grad=True); y = (x * 2.0).exp()\n"
        "threading.Thread(target=lambda: [x.detach().tanh() for _ in range(20)], daemon=True).start()\n" + ending
    )
    result = python(code)
    assert result.returncode == {"": 0, "raise KeyboardInterrupt": -2}.get(ending, 3)
    assert "terminate" not in result.stderr
