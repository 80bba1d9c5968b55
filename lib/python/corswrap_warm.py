"""The Python side of warm interpreters.

corswrap starts

    python SWITCHES corswrap_warm.py FD,MODULE,... SCRIPT ARGUMENTS

This file imports the modules, which are those of [warm] load, compiles the
script, and receives orders on the socket FD.  For each request it forks, and
the fork executes the script as __main__.  corswrap-warm(7) describes the
method, HACKING.md the messages.

The imports of the script are executed when it runs, as without [warm]; for a
module that is imported already they take little time.

SPDX-License-Identifier: ISC
"""

import sys

# Modules that Python has loaded when a script begins.
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
    """What descriptors 0, 1 and 2 are, to see whether one is replaced."""
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
    """Everything that makes a fork differ from a cold start, as texts."""
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
                continue  # the descriptor that read the folder
            yield f"descriptor {fd} is open: {what}"
    with open("/proc/self/maps", errors="replace") as f:
        for line in f:
            if line.split()[1][1::2] == "ws":  # writable and shared
                yield "memory is shared: " + line.split(None, 5)[-1].strip()
                break
    if os.lseek(0, 0, os.SEEK_CUR) != 0:
        yield "standard input was read"


def _candidates(name):
    """The paths below a folder of sys.path that this module may have."""
    yield os.path.join(name, "__init__.py")
    for suffix in importlib.machinery.all_suffixes():
        yield name + suffix


def _shadows(name, file):
    """_candidates in each folder that is searched before the module's own."""
    for folder in sys.path:
        folder = folder or "."
        if file.startswith(os.path.join(folder, "")):
            return
        yield folder, [os.path.join(folder, c) for c in _candidates(name)]


def _files():
    """The report's entries for files: those that were loaded, and those that
    must not appear because they would be found before a loaded one."""
    absent = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        yield "=" + file
        # Submodules are not searched for in sys.path; those of _BEGUN were
        # loaded before sys.path began with the script's folder.
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
    """Make sys.stdin as Python does when it starts.  The old object is useless,
    because it remembers whether the old file could seek."""
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
    """Seed numpy's generator; os.fork() has seeded that of random."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _tell(connection, known, pid):
    """Send the names of the modules that were imported, each ended by a NUL.

    Modules that others import are left out: those of an imported package, and
    those whose name begins with "_".
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
    """In a fork: receive a request, confirm it, and wait until it may begin."""
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
    # Repeat the changes that modules made when they were imported.
    for name in unset:
        os.environb.pop(name, None)
    os.environb.update(changed)
    _reopen_stdin()
    _reseed()
    connection.send(b"a")
    go = connection.recv(1)
    if go == b"l":  # corscheck warm suggests the modules for load
        atexit.register(_tell, connection, frozenset(sys.modules), os.getpid())
    elif go == b"g":
        connection.close()
    else:
        os._exit(0)


def _serve(control, changed, unset):
    """Execute orders.  Returns only in forks, which then run the script."""
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
    """The module __main__ that Python makes for a script."""
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
    # corswrap has set it for ld.so(8) alone; the script must not see it.
    if os.environ.get("LD_BIND_NOW") == "corswrap":
        del os.environ["LD_BIND_NOW"]
    standard = _standard()
    own = sys.orig_argv.index(sys.argv[0]) if hasattr(sys, "orig_argv") else -1
    if own >= 0:
        del sys.orig_argv[own : own + 2]
    del sys.argv[:2]
    # `python SCRIPT` sets this too, except with -P or -I (safe path).
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
    # A garbage collection in a fork would write to the objects that exist now,
    # so that the kernel would copy their memory: exclude them.
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
        # Hide the frame of this file, which a cold start does not have.
        trace = error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)
    finally:
        del keep


_run()
