"""The progress of faxes on a terminal: one bar for each recipient, filled by its pages; plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from sandf.oam.printable import one_line

Step = dict[str, Any]


class Follower(Protocol):
    """Shows steps between ``with`` and its end."""

    def __enter__(self) -> Follower: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def told(self, step: Step) -> None:
        """Show *step*."""


class Recipients:
    """Whom each job is for, as the gateway answered."""

    def __init__(self) -> None:
        self.by_job: dict[str, str] = {}

    def note(self, step: Step) -> None:
        """Take the names from the step ``accepted``."""
        if step.get("step") == "accepted":
            self.by_job.update(zip(step["jobs"], map(_number_of, step["to"]), strict=False))

    def of(self, job: str) -> str:
        """The number, or the job's id where it is not known."""
        return self.by_job.get(job, job)


def _number_of(address: str) -> str:
    """``FAX=5551234/cover=no@host`` to ``5551234``."""
    return one_line(address.partition("=")[2].partition("@")[0].partition("/")[0].strip('"') or address)


class Lines:
    """A line for each step that matters, for logs and pipes."""

    def __init__(self, recipients: Recipients, write: Callable[[str], None]) -> None:
        self._recipients = recipients
        self._write = write

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def told(self, step: Step) -> None:
        """Write it, unless it is about part of a page, or an ending, that is said elsewhere."""
        self._recipients.note(step)
        if step["step"] == "accepted":
            self._write(f"accepted as {', '.join(step['jobs'])}")
        elif step["step"] not in ("sending", "ended", "deferred"):
            self._write(f"{self._recipients.of(step['job'])}: {step['text']}")


class Bars:
    """A bar for each job on *console*."""

    def __init__(self, recipients: Recipients, console: Console) -> None:
        self._recipients = recipients
        self._tasks: dict[str, TaskID] = {}
        self._confirmed: dict[str, int] = {}
        self._progress = Progress(
            TextColumn("{task.fields[to]}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[text]}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            TimeElapsedColumn(),
            console=console,
            expand=True,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def told(self, step: Step) -> None:
        """Move the bar of its job."""
        self._recipients.note(step)
        if step["step"] == "accepted":
            for job in step["jobs"]:
                self._task(job)
            return
        job, task = step["job"], self._task(step["job"])
        if step["step"] == "note":
            # It stays above the bars, whose words go on.
            self._progress.print(Text(one_line(f"{self._recipients.of(job)}: {step['text']}")))
            return
        if step["step"] == "ready" and "pages" in step:
            self._progress.update(task, total=step["pages"])
        if step["step"] == "confirmed":
            self._confirmed[job] = step["page"]
        if step["step"] in ("ended", "deferred"):
            # The whole sentence is said below; a bar that has never known its pages stays empty.
            word = "deferred" if step["step"] == "deferred" else "delivered" if step.get("delivered") else "failed"
            self._progress.update(task, text=word, completed=self._done(step), total=self._total(task))
            self._progress.stop_task(task)
        else:
            self._progress.update(task, text=one_line(step["text"]), completed=self._done(step))

    def _done(self, step: Step) -> float:
        """Pages so far, with the part of the one that is on the line."""
        done = float(self._confirmed.get(step["job"], 0))
        if step["step"] == "sending" and step.get("total"):
            # A retry begins at a later page: those before it are confirmed.
            done = step["page"] - 1 + min(1.0, step.get("octets", 0) / step["total"])
        return done

    def _total(self, task: TaskID) -> float:
        return self._progress.tasks[self._progress.task_ids.index(task)].total or 1

    def _task(self, job: str) -> TaskID:
        if job not in self._tasks:
            text = Text(self._recipients.of(job)).plain
            self._tasks[job] = self._progress.add_task("", total=None, to=text, text="queued")
        return self._tasks[job]


def final_sentence(job: Step, recipients: Recipients) -> str:
    """How a job stands at the end of the following, and what to do next."""
    to = recipients.of(job["job"])
    name = f"{to} ({job['job']})" if to != job["job"] else to
    sentence = job.get("sentence", job.get("text", ""))
    if job.get("delivered"):
        pages = f" {job['pages']} pages." if job.get("pages", 0) > 1 else ""
        return f"{name}: delivered.{pages}"
    if job["step"] == "deferred":
        until = datetime.fromtimestamp(job["until"]).strftime("%H:%M:%S")
        return (
            f"{name}: deferred, not delivered yet. {sentence} The gateway tries again at {until} by itself;"
            f" see: sandf show job {job['job']}"
        )
    if job["step"] == "ended":
        return f"{name}: failed. {sentence} What happened: sandf trace {job['job']}"
    return f"{name}: {job.get('text', job['step'])}. See: sandf show job {job['job']}"
