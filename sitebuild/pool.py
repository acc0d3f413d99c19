"""Bring the runs up to date: only what is stale, longest first, each in a fresh process."""

import multiprocessing as mp
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from sitebuild import cache, notebook, run
from sitebuild.cache import Run
from sitebuild.project import Project

LIMIT = 300.0  # seconds that one snippet may take


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
    say: Callable[[str], None] = print,
) -> dict[str, Run]:
    """Run every stale snippet and return all runs by name.

    Args:
        project: The checkout.
        names: Snippets to look at; None for all.
        force: Run even what is up to date.
        jobs: Processes at a time; None for one per core.
        say: Takes one line per finished run: which, why, and how long it took.

    Raises:
        SnippetsFailed: If a snippet raised, was killed, or ran past the limit. The others are
            run and kept all the same.
    """
    chosen = list(project.names() if names is None else names)
    known = {name: cache.load(project.run(name)) for name in chosen}
    reasons = {
        name: "forced" if force else reason
        for name in chosen
        if (reason := cache.why_stale(project, name, known[name])) or force
    }
    errors: dict[str, str] = {}
    if reasons:
        longest_first = sorted(
            reasons, key=lambda name: -(r.seconds if (r := known[name]) else LIMIT)
        )
        for count, (name, error, seconds) in enumerate(
            _run_all(project, longest_first, jobs or os.cpu_count() or 1), 1
        ):
            known[name] = cache.load(project.run(name))
            if error:
                errors[name] = error
            end = "FAILED" if error else f"{seconds:.1f} s"
            say(f"[{count}/{len(reasons)}] {name} ({reasons[name]}): {end}")
    runs = {name: found for name, found in known.items() if found}
    for name in runs.keys() - errors.keys():
        notebook.derive(project, name, runs[name])
    if errors:
        raise SnippetsFailed([errors[name] for name in sorted(errors)], runs)
    return runs


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
            wait([w.process.sentinel for w in busy], timeout=0.5)
            now = time.perf_counter()
            for worker in list(busy):
                late = now - worker.start > LIMIT
                if worker.process.is_alive() and not late:
                    continue
                busy.remove(worker)
                yield worker.name, _end(worker, project, late), now - worker.start
    finally:
        for worker in busy:  # only on the way out of an interrupted build
            worker.process.kill()
            worker.process.join()


def _start(context: mp.context.BaseContext, project: Project, name: str) -> _Worker:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(project, name, theirs))  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return _Worker(name, process, ours, time.perf_counter())


def _work(project: Project, name: str, answer: Connection) -> None:
    answer.send(run.execute(project, name))


def _end(worker: _Worker, project: Project, late: bool) -> str | None:
    """Return the error of a worker that is done, dead or late."""
    file = project.source(worker.name).relative_to(project.root).as_posix()
    if late:
        worker.process.kill()
    worker.process.join()
    shutil.rmtree(run.unfinished(project, worker.name, worker.process.pid), ignore_errors=True)
    if late:
        return f"{file}:1: still running after {LIMIT:.0f} s, stopped"
    try:
        error: str | None = worker.answer.recv()
    except EOFError:
        error = f"{file}:1: the process died with exit code {worker.process.exitcode}"
    worker.answer.close()
    return error


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
