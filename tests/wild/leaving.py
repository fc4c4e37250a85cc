"""The project of `test_left_to_the_next`: a function that leaves things behind when x is 1, and
tells what it finds when x is 2."""

from __future__ import annotations

CONFIG = """
operation: {function: work.train}
kind: nothing
x: 1
hydra: {launcher: {n_jobs: 1}}
"""

WORK = """
import builtins, contextvars, decimal, functools, itertools, json, locale, logging, os, queue
import random, resource, signal, socket, subprocess, sys, tempfile, threading, time, types
import warnings
from collections import deque
from pathlib import Path

import numpy
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

os.environ["SET_BY_IMPORT"] = "yes"
sys.path.insert(0, str(Path(__file__).parent / "more"))
random.seed(7)
HERE = str(Path(__file__).parent)
COUNT = 0
SEEN = []
NESTED = {"a": [1, {"b": 2}]}
QUEUE = deque([1])
CONTEXT = contextvars.ContextVar("CONTEXT", default=0)
OWN = random.Random(3)
COUNTER_OF_IDS = itertools.count()
GENERATED = (n for n in range(100))
ITERATED = iter([1, 2, 3])
LOCK, RLOCK = threading.Lock(), threading.RLock()
EVENT, QUEUE_OF_WORK, LOCAL = threading.Event(), queue.Queue(), threading.local()
SETTINGS = types.SimpleNamespace(a=1)
CONFIG = OmegaConf.create({"a": {"b": 1}})
LONG = list(range(20_000))
ARRAY = numpy.zeros((1000, 1000))
OBJECTS = numpy.array([[1], [2, 3]], dtype=object)
OPENED = open(__file__)


class Slotted:
    __slots__ = ("steps", "more")

    def __init__(self):
        self.steps = 0


SLOTTED = Slotted()


class Model:
    made = 0

    def __init__(self):
        self.steps = 0
        type(self).made += 1


MODEL = Model()


@functools.lru_cache
def cached(x):
    return []


def with_default(x, seen=[]):
    seen.append(x)
    return len(seen)


def counter():
    n = 0

    def count():
        nonlocal n
        n += 1
        return n

    return count


COUNTER = counter()


def ring(*_):
    raise RuntimeError("an alarm of another trial")


def leave(kind):
    global COUNT
    if kind == "count":
        COUNT += 1
    elif kind == "seen":
        SEEN.append(1)
        NESTED["a"][1]["b"] = 3
        QUEUE.append(2)
    elif kind == "class":
        Model()
        MODEL.steps += 1
        MODEL.more = 1
        Model.other = 1
    elif kind == "cache":
        cached(1).append(1)
        with_default(1)
    elif kind == "closure":
        cell = COUNTER.__closure__[0].cell_contents
        assert COUNTER() == cell + 1
    elif kind == "alarm":
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    elif kind == "handler":
        signal.signal(signal.SIGUSR1, ring)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    elif kind == "mask":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    elif kind == "environment":
        os.environ["LEFT"] = "1"
        del os.environ["SET_BY_IMPORT"]
    elif kind == "folder":
        os.chdir("/")
    elif kind == "path":
        sys.path.insert(0, "/left")
        sys.argv.append("left")
    elif kind == "umask":
        os.umask(0o077)
    elif kind == "limits":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    elif kind == "hard limit":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    elif kind == "nice":
        os.nice(1)
    elif kind == "locale":
        locale.setlocale(locale.LC_ALL, "C")
    elif kind == "warnings":
        warnings.simplefilter("error")
    elif kind == "logging":
        logging.disable(logging.CRITICAL)
        logging.getLogger("mine").setLevel(logging.ERROR)
        logging.getLogger("mine").addHandler(logging.StreamHandler())
    elif kind == "builtins":
        builtins.left = 1
        builtins.sorted = None
    elif kind == "hooks":
        sys.excepthook = ring
        threading.excepthook = ring
        sys.setrecursionlimit(5000)
        socket.setdefaulttimeout(1)
        tempfile.tempdir = "/left"
    elif kind == "random":
        random.random()
        OWN.random()
    elif kind == "seed":
        random.seed(1)
    elif kind == "context":
        CONTEXT.set(1)
    elif kind == "thread":
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    elif kind == "process":
        subprocess.Popen(["sleep", "60"])
    elif kind == "hydra":
        initialize_config_dir(config_dir=HERE, version_base=None)
    elif kind == "resolver":
        OmegaConf.register_new_resolver("left", lambda: 1)
        ConfigStore.instance().store(name="left", node={"a": 1})
    elif kind == "start method":
        import multiprocessing
        multiprocessing.set_start_method("spawn")
    elif kind == "loop":
        import asyncio
        asyncio.run(asyncio.sleep(0))
    elif kind == "module":
        import lazy
        lazy.STATE.append(1)
    elif kind == "threads of a pool":
        from concurrent.futures import ThreadPoolExecutor
        train.pool = ThreadPoolExecutor()
        train.pool.submit(int)
    elif kind == "streams":
        sys.stdout.close()
        sys.stderr = None
    elif kind == "settings of streams":
        sys.stdout.reconfigure(encoding="ascii", line_buffering=False)
    elif kind == "iterators":
        next(COUNTER_OF_IDS), next(ITERATED)
    elif kind == "generator":
        next(GENERATED)
    elif kind == "lock":
        LOCK.acquire()
    elif kind == "lock that its thread may take again":
        RLOCK.acquire()
    elif kind == "holders":
        EVENT.set()
        QUEUE_OF_WORK.put(1)
        LOCAL.a = SETTINGS.a = 2
    elif kind == "slots":
        SLOTTED.steps += 1
        SLOTTED.more = 1
    elif kind == "object of a library":
        CONFIG.a.b = 2
    elif kind == "long list":
        LONG[7] = 0
    elif kind == "large array":
        ARRAY[1, 1] = 1
    elif kind == "array of objects":
        OBJECTS[0].append(9)
    elif kind == "file":
        OPENED.readline()
    elif kind == "library":
        json.dumps = time.time = os.left = lambda *_: 1
    elif kind == "decimal":
        decimal.getcontext().prec = 5
    elif kind == "captured warnings":
        logging.captureWarnings(True)


def find(kind):
    if kind == "count":
        return COUNT
    if kind == "seen":
        return [SEEN, NESTED, list(QUEUE)]
    if kind == "class":
        return [Model.made, MODEL.steps, hasattr(MODEL, "more"), hasattr(Model, "other")]
    if kind == "cache":
        return [cached(1), with_default(2)]
    if kind == "alarm":
        time.sleep(0.2)
        return signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    if kind == "handler":
        default = signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
        return [default, signal.getsignal(signal.SIGINT) is signal.default_int_handler]
    if kind == "mask":
        return [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    if kind == "environment":
        return [os.environ.get("LEFT"), os.environ.get("SET_BY_IMPORT")]
    if kind == "folder":
        return os.getcwd() == os.environ["RUNNER_RUN_DIR"]
    if kind == "path":
        return [sys.path[0].endswith("more"), len(sys.argv)]
    if kind == "umask":
        mask = os.umask(0)
        os.umask(mask)
        return mask == int(os.environ["UMASK_BEFORE"], 8)
    if kind == "limits":
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0] == int(os.environ["FILES_BEFORE"])
    if kind == "nice":
        return os.nice(0)
    if kind == "locale":
        return locale.setlocale(locale.LC_ALL) == LOCALE
    if kind == "warnings":
        warnings.warn("only shown")
        return "warned"
    if kind == "logging":
        mine = logging.getLogger("mine")
        return [logging.root.manager.disable, mine.level, len(mine.handlers)]
    if kind == "builtins":
        return [hasattr(builtins, "left"), sorted([2, 1])]
    if kind == "hooks":
        return [
            sys.excepthook is sys.__excepthook__,
            sys.getrecursionlimit(),
            socket.getdefaulttimeout(),
            tempfile.gettempdir() != "/left",
        ]
    if kind == "random":
        return [round(random.random(), 6), round(OWN.random(), 6)]
    if kind == "seed":
        return round(random.random(), 6)
    if kind == "context":
        return CONTEXT.get()
    if kind in ("thread", "threads of a pool"):
        return threading.active_count()
    if kind == "process":
        return len(Path("/proc/self/task", str(threading.get_native_id()), "children").read_text())
    if kind == "hydra":
        with initialize_config_dir(config_dir=HERE + "/conf", version_base=None):
            return compose(config_name="config").x
    if kind == "resolver":
        OmegaConf.register_new_resolver("left", lambda: 2)
        return [OmegaConf.create({"a": "${left:}"}).a, "left.yaml" in ConfigStore.instance().repo]
    if kind == "start method":
        import multiprocessing
        multiprocessing.set_start_method("fork")
        return multiprocessing.get_start_method()
    if kind == "loop":
        import asyncio
        return asyncio.events._event_loop_policy is None
    if kind == "module":
        import lazy
        return lazy.STATE
    if kind == "streams":
        print("still there")
        return sys.stderr is not None
    if kind == "settings of streams":
        return [sys.stdout.encoding, sys.stdout.line_buffering]
    if kind == "iterators":
        return [next(COUNTER_OF_IDS), next(ITERATED)]
    if kind == "generator":
        return next(GENERATED)
    if kind == "lock":
        return LOCK.locked()
    if kind == "lock that its thread may take again":
        return RLOCK._is_owned()
    if kind == "holders":
        return [EVENT.is_set(), QUEUE_OF_WORK.qsize(), getattr(LOCAL, "a", 1), SETTINGS.a]
    if kind == "slots":
        return [SLOTTED.steps, hasattr(SLOTTED, "more")]
    if kind == "object of a library":
        return CONFIG.a.b
    if kind == "long list":
        return LONG[7]
    if kind == "large array":
        return float(ARRAY[1, 1])
    if kind == "array of objects":
        return OBJECTS[0]
    if kind == "file":
        return OPENED.tell()
    if kind == "library":
        return [json.dumps([1]), time.time() > 1, hasattr(os, "left")]
    if kind == "decimal":
        return decimal.getcontext().prec
    if kind == "captured warnings":
        return logging._warnings_showwarning is None
    return None


LOCALE = locale.setlocale(locale.LC_ALL)


def train(kind, x):
    global COUNT
    if x == 1:
        leave(kind)
        return os.getpid()
    return {"found": find(kind), "pid": os.getpid()}
"""

FILES = {"conf/config.yaml": CONFIG, "work.py": WORK, "lazy.py": "STATE = []\n"}
