"""Bring the runs up to date: only what is stale, longest first, each in a fresh process."""

import contextlib
import multiprocessing as mp
import os
import shutil
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from sitebuild import cache, notebook, run
from sitebuild.cache import Run
from sitebuild.project import Project

LIMIT = 300.0  # seconds that one snippet may take

Say = Callable[[str], None]


class SnippetsFailed(RuntimeError):  # noqa: N818 - says what happened
    """Some snippets failed; `runs` holds the last good run of every snippet that has one."""

    def __init__(self, errors: list[str], runs: dict[str, Run]) -> None:
        super().__init__("\n\n".join([f"{len(errors)} snippet(s) failed", *errors]))
        self.runs = runs


@dataclass
class _Worker:
    name: str
    process: BaseProcess
    answer: Connection
    start: float


def update(
    project: Project,
    names: Iterable[str] | None = None,
    *,
    force: bool = False,
    jobs: int | None = None,
    say: Say = print,
) -> dict[str, Run]:
    """Run every stale snippet and return all runs by name.

    Two builds at once take turns. Ctrl-C and SIGTERM stop the workers and leave whole runs alone.

    Args:
        project: The checkout.
        names: Snippets to look at; None for all.
        force: Run even what is up to date.
        jobs: Processes at a time; None for one per core.
        say: Takes one line per finished run: which, why, how long it took, how long is left.

    Raises:
        SnippetsFailed: If a snippet raised, was killed, ran past the limit or could not be kept.
            The others are run and kept all the same.
    """
    chosen = list(project.names() if names is None else names)
    errors: dict[str, str] = {}
    known = {name: cache.load(project.run(name)) for name in chosen}
    if force or _stale(project, known) or _underived(project, known):
        try:
            with _alone(project, say), _terminable():
                known = {name: cache.load(project.run(name)) for name in chosen}
                reasons = _stale(project, known)
                if force:
                    reasons = dict.fromkeys(chosen, "forced")
                errors = _bring_up(project, known, reasons, jobs or os.cpu_count() or 1, say)
                good = {name: found for name, found in known.items() if name not in errors}
                for name, found in _underived(project, good).items():
                    notebook.derive(project, name, found)
        except OSError as error:
            where = error.filename or project.runs
            raise SnippetsFailed([f"cannot keep runs: {where}: {error.strerror}"], {}) from None
    runs = {name: found for name, found in known.items() if found}
    if errors:
        raise SnippetsFailed([errors[name] for name in sorted(errors)], runs)
    return runs


def warm(project: Project) -> None:
    """Start the fork server in the background, so that the first save need not wait for it."""
    if _context(project, project.names()).get_start_method() == "forkserver":
        forkserver.ensure_running()


def _stale(project: Project, known: dict[str, Run | None]) -> dict[str, str]:
    """Return why snippets must run, by name."""
    reasons = {name: cache.why_stale(project, name, found) for name, found in known.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _underived(project: Project, known: dict[str, Run | None]) -> dict[str, Run]:
    """Return the runs of which the files for the pages are not there, or of older sources."""
    return {n: r for n, r in known.items() if r and not notebook.derived(project, n, r)}


def _bring_up(
    project: Project, known: dict[str, Run | None], reasons: dict[str, str], jobs: int, say: Say
) -> dict[str, str]:
    """Run what has a reason to, put the new runs into `known`, and return the errors by name."""
    took = {name: found.seconds for name, found in known.items() if found}
    usual = statistics.median(took.values()) if took else None
    left = {name: took.get(name, usual) for name in reasons}
    longest_first = sorted(reasons, key=lambda name: -took.get(name, LIMIT))
    errors: dict[str, str] = {}
    done = _run_all(project, longest_first, jobs)
    for count, (name, error, seconds) in enumerate(done, 1):
        known[name] = found = cache.load(project.run(name))
        if error:
            errors[name] = error
        elif found:
            notebook.derive(project, name, found)  # while the others run
        del left[name]
        end = "FAILED" if error else f"{seconds:.1f} s"
        known_times = [time for time in left.values() if time is not None]
        rest = f", about {sum(known_times) / jobs:.0f} s left" if known_times else ""
        full = 12 * count // len(reasons)
        bar = f"{count}/{len(reasons)} {'#' * full}{'.' * (12 - full)}"
        say(f"[{bar}] {name} ({reasons[name]}): {end}{rest}")
    return errors


@contextlib.contextmanager
def _alone(project: Project, say: Say) -> Iterator[None]:
    """Wait until no other build runs snippets, and clear away what a killed one left."""
    import filelock  # here, as a build in which nothing runs needs no lock

    project.runs.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(project.runs / ".lock")
    try:
        held = lock.acquire(timeout=0)
    except filelock.Timeout:
        say("another build runs snippets here: waiting for it")
        held = lock.acquire()
    with held:
        shutil.rmtree(project.runs / ".unfinished", ignore_errors=True)
        yield


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a build as Ctrl-C does; only the main thread can hear it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_all(
    project: Project, names: list[str], jobs: int
) -> Iterable[tuple[str, str | None, float]]:
    """Yield (name, error or None, seconds) as the runs finish."""
    context = _context(project, names)
    waiting, busy = list(names), list[_Worker]()
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                busy.append(_start(context, project, waiting.pop(0)))
            # The answer too: a long one does not fit the pipe, and its process waits for a reader.
            wait([h for w in busy for h in (w.process.sentinel, w.answer)], timeout=0.5)
            now = time.perf_counter()
            for worker in list(busy):
                late = now - worker.start > LIMIT
                if worker.process.is_alive() and not worker.answer.poll() and not late:
                    continue
                busy.remove(worker)
                yield worker.name, _end(worker, project), now - worker.start
    finally:
        for worker in busy:  # only on the way out of an interrupted build
            worker.process.kill()
            worker.process.join()
            _clear(worker, project)


def _start(context: mp.context.BaseContext, project: Project, name: str) -> _Worker:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(project, name, theirs))  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return _Worker(name, process, ours, time.perf_counter())


def _work(project: Project, name: str, answer: Connection) -> None:
    answer.send(run.execute(project, name))
    os._exit(0)  # at once: nothing is left to do, and a thread left behind must not keep it


def _end(worker: _Worker, project: Project) -> str | None:
    """Return the error of a worker that has answered, is dead, or late."""
    file = _file(project, worker.name)
    try:
        if not worker.answer.poll() and worker.process.is_alive():
            return f"{file}:1: still running after {LIMIT:.0f} s, stopped"
        error: str | None = worker.answer.recv()
        return error
    except (EOFError, OSError):
        worker.process.join()
        return f"{file}:1: the process died {_how(worker.process.exitcode)}"
    finally:
        worker.process.kill()
        worker.process.join()
        worker.answer.close()
        _clear(worker, project)


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"of {signal.Signals(-exitcode).name}"
    return f"with exit code {exitcode}"


def _clear(worker: _Worker, project: Project) -> None:
    shutil.rmtree(run.unfinished(project, worker.name, worker.process.pid), ignore_errors=True)


def _file(project: Project, name: str) -> str:
    return project.source(name).relative_to(project.root).as_posix()


def _context(project: Project, names: list[str]) -> mp.context.BaseContext:
    """Fork from a warm server on Linux; start fresh interpreters where forking is not safe."""
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="agg")
    if sys.platform != "linux":
        return mp.get_context("spawn")
    if any("torch" in cache.imports(project.source(name)) for name in names):
        os.environ["SITEBUILD_WARM_TORCH"] = "1"
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "sitebuild.warm", "sitebuild.run"])
    return context
