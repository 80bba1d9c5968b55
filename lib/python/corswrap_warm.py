"""A Python script that has been compiled and waits before its first statement.

corswrap starts

    python SWITCHES corswrap_warm.py FD,MODULE,... SCRIPT ARGUMENTS

This imports the modules, compiles the script, and serves the socket FD as
corswrap-warm(7) describes: each request continues in a fork, as __main__.

The script's own imports happen when it runs, as always, and take little time
for what is imported already.

SPDX-License-Identifier: ISC
"""

import sys

# Modules that every Python has loaded when a script begins.
_BEGUN = frozenset(sys.modules)

import atexit
import gc
import importlib
import importlib.machinery
import io
import os
import signal
import socket
import struct
import types


def _standard():
    """What descriptors 0, 1 and 2 are."""
    found = []
    for fd in range(3):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
        except OSError:
            found.append("closed")
    return found


def _numbers(folder):
    try:
        return sorted(int(name) for name in os.listdir(folder))
    except OSError:
        return []


def _obstacles(control, standard):
    """Whatever would make a fork differ from a start, in words."""
    if len(_numbers("/proc/self/task")) > 1:
        yield "there is more than one thread"
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as f:
            if f.read(1):
                yield "a child process is running"
    except OSError:
        pass
    if any(signal.getitimer(signal.ITIMER_REAL)):
        yield "an alarm is set"
    for fd, (was, now) in enumerate(zip(standard, _standard())):
        if was != now:
            yield f"descriptor {fd} was replaced by {now}"
    for fd in _numbers("/proc/self/fd"):
        if fd > 2 and fd != control:
            try:
                what = os.readlink(f"/proc/self/fd/{fd}")
            except OSError:
                continue  # the one that was reading the folder
            yield f"descriptor {fd} is open: {what}"
    with open("/proc/self/maps", errors="replace") as f:
        for line in f:
            if line.split()[1][1::2] == "ws":  # forks would write to it
                yield "memory is shared: " + line.split(None, 5)[-1].strip()
                break
    if os.lseek(0, 0, os.SEEK_CUR) != 0:
        yield "standard input was read"


def _candidates(name):
    """Files relative to a folder of sys.path that would be this module."""
    yield os.path.join(name, "__init__.py")
    for suffix in importlib.machinery.all_suffixes():
        yield name + suffix


def _shadows(name, file):
    """The same for each folder that is searched before the module's own."""
    for folder in sys.path:
        folder = folder or "."
        if file.startswith(os.path.join(folder, "")):
            return
        yield folder, [os.path.join(folder, c) for c in _candidates(name)]


def _files():
    """Entries of the report: what was loaded, and what must not appear."""
    absent = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        yield "=" + file
        # The script's folder comes first, but not for modules loaded before.
        if "." in name or name in _BEGUN or name == "__main__":
            continue
        for folder, files in _shadows(name, file):
            for there in filter(os.path.exists, files):
                yield f"!{there} comes before a module that is loaded already"
            absent.setdefault(folder, []).extend(files)
    for folder, files in sorted(absent.items()):
        yield "/" + folder
        yield from ("?" + file for file in files)


def _report(control, obstacles):
    entries = ["!" + text for text in obstacles]
    entries.extend(_files())
    text = b"".join(os.fsencode(e) + b"\0" for e in entries) + b"\0"
    for at in range(0, len(text), 32768):
        os.write(control, text[at : at + 32768])


def _receive(connection, length):
    text = b""
    while len(text) < length:
        more = connection.recv(length - len(text))
        if not more:
            os._exit(0)
        text += more
    return text


def _reopen_stdin():
    """As Python makes it at a start; whether it can seek is known by then."""
    old = sys.__stdin__
    raw = io.FileIO(0, "rb", closefd=False)
    raw.name = "<stdin>"
    new = io.TextIOWrapper(
        io.BufferedReader(raw), encoding=old.encoding, errors=old.errors, newline="\n"
    )
    new.mode = "r"
    if sys.stdin is old:
        sys.stdin = new
    sys.__stdin__ = new


def _reseed():
    """os.fork has done it for random; numpy has a generator of its own."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _tell(connection, known, pid):
    """Which modules were imported, each ended by a NUL.

    Those that come with others are left out: of a package, and with "_".
    """
    new = {
        name
        for name, module in list(sys.modules.items())
        if name not in known and getattr(module, "__file__", None)
    }
    if os.getpid() == pid:
        for name in sorted(new):
            package = name.rpartition(".")[0]
            if name[0] != "_" and package not in new:
                connection.send(name.encode() + b"\0")


def _child(connection, changed, unset):
    """In a fork: take a request, say so, and wait until it may begin."""
    os.setpgid(0, 0)
    connection.send(b"r")
    head, fds, _, _ = socket.recv_fds(connection, 4, 3)
    if len(fds) != 3:
        os._exit(0)
    head += _receive(connection, 4 - len(head))
    text = _receive(connection, struct.unpack("=I", head)[0])
    for fd, target in zip(fds, range(3)):
        os.dup2(fd, target, inheritable=True)
        os.close(fd)
    os.environb.clear()
    for pair in text.split(b"\0")[:-1]:
        name, _, value = pair.partition(b"=")
        os.environb[name] = value
    # The modules' changes of their variables so far.
    for name in unset:
        os.environb.pop(name, None)
    os.environb.update(changed)
    _reopen_stdin()
    _reseed()
    connection.send(b"a")
    go = connection.recv(1)
    if go == b"l":  # corscheck needs the modules that it loads
        atexit.register(_tell, connection, frozenset(sys.modules), os.getpid())
    elif go == b"g":
        connection.close()
    else:
        os._exit(0)


def _serve(control, changed, unset):
    """Orders, until a fork is to run the script; the zygote never returns."""
    orders = socket.socket(fileno=control)
    running = set()
    while True:
        order, fds, _, _ = socket.recv_fds(orders, 32, 1)
        if not order:
            for pid in running:
                try:
                    os.kill(-pid, signal.SIGTERM)
                except OSError:
                    pass
            os._exit(0)
        if order == b"f" and fds:
            pid = _fork()
            if pid == 0:
                orders.close()
                _child(socket.socket(fileno=fds[0]), changed, unset)
                return
            if pid is not None:
                running.add(pid)
            os.close(fds[0])
        elif order[:1] == b"w":
            pid = int(order[1:])
            if pid in running:
                running.remove(pid)
                os.waitpid(pid, 0)


def _fork():
    try:
        return os.fork()
    except OSError:
        return None


def _main_module(script):
    """__main__ as a script has it."""
    module = types.ModuleType("__main__")
    module.__file__ = script
    module.__builtins__ = __builtins__
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", script)
    module.__cached__ = None
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    return module


def _prepare():
    numbers, script = sys.argv[1:3]
    control, *modules = [word for word in numbers.split(",") if word]
    control = int(control)
    os.set_inheritable(control, False)
    # It was for ld.so(8) and this process.
    if os.environ.get("LD_BIND_NOW") == "corswrap":
        del os.environ["LD_BIND_NOW"]
    standard = _standard()
    own = sys.orig_argv.index(sys.argv[0]) if hasattr(sys, "orig_argv") else -1
    if own >= 0:
        del sys.orig_argv[own : own + 2]
    del sys.argv[:2]
    # The value that `python SCRIPT` sets, if any.
    if not (getattr(sys.flags, "safe_path", False) or sys.flags.isolated):
        sys.path[0] = os.path.dirname(script)
    with open(script, "rb") as f:
        code = compile(f.read(), script, "exec", dont_inherit=True)
    obstacles = []
    begun = dict(os.environb)
    place = os.getcwd()
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            obstacles.append(f"module {name} cannot be loaded: {error}")
    if os.getcwd() != place:
        obstacles.append("a module changes the folder")
    changed = {k: v for k, v in os.environb.items() if begun.get(k) != v}
    unset = begun.keys() - os.environb.keys()
    sys.stdout.flush()
    obstacles.extend(_obstacles(control, standard))
    _report(control, obstacles)
    # Garbage collections of the forks must not touch, and so copy, these
    # objects.
    gc.freeze()
    _serve(control, changed, unset)
    return script, code


def _run():
    keep = sys.modules["__main__"]
    script, code = _prepare()
    module = sys.modules["__main__"] = _main_module(script)
    try:
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # Without our own frames, as when the script was started.
        trace = error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)
    finally:
        del keep


_run()
