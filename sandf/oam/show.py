"""Text of the values of :mod:`.values`, for people.  Pure: a value goes in, text comes out.

Whatever text a value carries is made printable here, so that nothing a far machine said can reach the terminal as a
control sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandf.store.records import TraceLine

from .classic import block_text, brief_text
from .ladder import draw
from .printable import one_line, printable
from .tables import fields, table
from .values import Value


def render(value: Value) -> str:
    """The text of *value*, without a line end at the end."""
    return printable(_RENDERERS[value["shows"]](value))


# Calls.


def _calls(value: Value) -> str:
    if not value["calls"]:
        return "No calls."
    rows = [
        (
            _short(call["call"]),
            call["application"],
            call["state"],
            call["called"],
            call["port"],
            call.get("remote_ident"),
            call["pages"],
            call.get("bit_rate") or None,
            _clock(call["seconds"]),
            call["job"] or call["fax"],
        )
        for call in value["calls"]
    ]
    head = ("CALL", "APPLICATION", "STATE", "CALLED", "PORT", "FAR END", "PAGES", "BIT/S", "SINCE", "FOR")
    return table(head, rows)


def _active_fax(value: Value) -> str:
    if not value["calls"]:
        return "No active fax calls."
    return _classic(value, _call_heading)


def _history_fax(value: Value) -> str:
    if not value["faxes"]:
        return "No faxes have ended yet."
    return _classic(value | {"calls": value["faxes"]}, _fax_heading)


def _classic(value: Value, heading: Callable[[Value], str]) -> str:
    """Blocks of each leg, or their brief lines, numbered as they come."""
    parts: list[str] = []
    for number, call in enumerate(value["calls"], 1):
        if value["brief"]:
            legs = [leg for leg in call["classic"] if "generic" in leg]
            parts += [brief_text(number, leg["generic"], leg.get("tele"), leg.get("mmoip")) for leg in legs]
            continue
        parts.append(heading(call))
        for leg in call["classic"]:
            parts.append("\n".join(block_text(name.upper(), block) for name, block in leg.items()))
    return "\n\n".join(parts)


def _call_heading(call: Value) -> str:
    about = ", ".join(filter(None, (call["application"], call["job"], call["fax"], call["state"])))
    return f"Call {call['call']} since {_when(call['began_at'])}: {about}"


def _fax_heading(fax: Value) -> str:
    sentence = f": {fax['sentence']}" if fax["sentence"] else ""
    return f"{fax['fax']} ({fax['direction']}, call {fax['call']}) of {_when(fax['began_at'])}{sentence}"


# Faxes.


def _faxes(value: Value) -> str:
    if not value["faxes"]:
        return "No faxes." if not value["state"] else f"No fax is {value['state']}."
    rows = [
        (
            fax["fax"],
            fax["direction"].removeprefix("fax "),
            fax["state"],
            fax["calling"],
            fax["called"],
            fax["pages"],
            _when(fax["began_at"]),
            fax["cause_name"],
        )
        for fax in value["faxes"]
    ]
    text = table(("FAX", "DIRECTION", "STATE", "CALLING", "CALLED", "PAGES", "BEGAN", "CAUSE"), rows)
    if any(fax["state"] == "withheld" for fax in value["faxes"]):
        text += "\n\nA withheld fax did not come whole, and is not mailed. Mail it with: sandf release FAX"
    return text


def _fax(value: Value) -> str:
    record = value["record"]
    speed = f"{record['bit_rate']}" if record["bit_rate"] else ""
    if record["final_bit_rate"] != record["bit_rate"]:
        speed += f", at the end {record['final_bit_rate']}"
    how = [record["coding"].upper(), record["resolution"], f"{speed} bit/s" if speed else ""]
    how.append(("ECM" if record["ecm"] else "no ECM") if speed else "")
    job = f"{record['job']}, attempt {record['attempt']}" if record["job"] else None
    text = fields(
        (
            ("Fax", f"{record['fax']} ({record['direction']})"),
            ("State", _state_words(record)),
            ("Ended", _ending(record)),
            ("Called", record["called"]),
            ("Calling", record["calling"]),
            ("Redirecting", record["redirecting"]),
            ("Far end", record["remote_ident"]),
            ("Subaddress", record["subaddress"]),
            ("Pages", f"{record['pages']} ({record['octets']} octets)"),
            ("Form", ", ".join(filter(None, how))),
            ("Began", _when(record["began_at"])),
            ("Connected", _when(record["connected_at"])),
            ("Over", _when(record["ended_at"])),
            ("Duration", f"{_clock(record['seconds'])}, {record['page_seconds']} s of it pages"),
            ("Port", f"{record['port']} by dial peer {record['dial_peer']}"),
            ("Mail", _mail_words(record)),
            ("Account", record["account"]),
            ("Call", record["call"]),
            ("Job", job),
        )
    )
    return f"{text}\n\n{_pages(value['pages'])}" if value["pages"] else text


def _state_words(record: Value) -> str:
    if record["state"] == "withheld":
        return f"withheld: nobody has it by mail yet; mail it with: sandf release {record['fax']}"
    return str(record["state"])


def _mail_words(record: Value) -> str:
    message = f"{record['message']} " if record["message"] else ""
    to = f"to {', '.join(record['mail_to'])} " if record["mail_to"] else ""
    return f"{message}{to}by dial peer {record['mail_dial_peer']}"


def _pages(pages: list[Value]) -> str:
    head = ("PAGE", "CODING", "RESOLUTION", "WIDTH", "ROWS", "BAD ROWS", "OCTETS", "COMMITTED")
    names = ("page", "coding", "resolution", "width", "rows", "bad_rows", "octets")
    return table(head, [(*(page[name] for name in names), _when(page["at"])) for page in pages])


# Jobs.


def _jobs(value: Value) -> str:
    if not value["jobs"]:
        return "No jobs." if not value["state"] else f"No job is {value['state']}."
    rows = [
        (
            job["job"],
            job["kind"],
            job["state"],
            job["to"],
            job["attempts"],
            job["confirmed_pages"] if job["kind"] == "fax" else None,
            _when(job["due_at"] if job["state"] == "deferred" else job["ended_at"]),
            job["cause_name"],
        )
        for job in value["jobs"]
    ]
    return table(("JOB", "KIND", "STATE", "TO", "TRIES", "PAGES", "DUE/ENDED", "CAUSE"), rows)


def _job(value: Value) -> str:
    parts = [
        fields(
            (
                ("Job", f"{value['job']} ({value['kind']} to {value['to']})"),
                ("State", value["state"]),
                ("Last cause" if value["state"] in ("deferred", "running") else "Ended", _ending(value)),
                ("Message", value["message"]),
                ("Accepted", _when(value["created_at"])),
                ("Due", _when(value["due_at"]) if value["state"] == "deferred" else None),
                ("Over", _when(value["ended_at"])),
                ("Confirmed pages", value["confirmed_pages"] if value["kind"] == "fax" else None),
                ("Sender", "still to be told" if value["notice_due"] else None),
                ("Faxes", ", ".join(f"{fax['fax']} (call {_short(fax['call'])})" for fax in value["faxes"])),
            )
        )
    ]
    if value["tries"]:
        tries = [(t["attempt"], _when(t["began_at"]), _when(t["ended_at"]), _ending(t)) for t in value["tries"]]
        parts.append(table(("TRY", "BEGAN", "ENDED", "CAUSE"), tries))
    if value["ledger"]:
        pages = [(e["page"], e["state"], e["sent"], "yes" if e["last"] else None) for e in value["ledger"]]
        parts.append(table(("PAGE", "STATE", "SENT", "LAST"), pages))
    if value["history"]:
        steps = [(_when(h["at"]), _short(h["call"]), _step_words(h)) for h in value["history"]]
        parts.append(table(("AT", "CALL", "WHAT"), steps))
    return "\n\n".join(parts)


def _short(call_id: str | None) -> str:
    """As much of a call's id as tells it apart; the commands take any beginning of one."""
    return call_id[:8] if call_id else ""


def _step_words(step: Value) -> str:
    return f"{step['text']}: {step['cause_name']}" if step["cause_name"] else str(step["text"])


# Dial peers.


def _dial_peers(value: Value) -> str:
    peers = value["dial_peers"]
    if not peers:
        return "There are no dial peers."
    return "\n\n".join(map(_dial_peer, peers))


def _dial_peer(peer: Value) -> str:
    """A peer in its own words, those of the configuration, with its state in front."""
    calls = f"{peer['calls']} calls" + (f" of {peer['max_conn']}" if peer["max_conn"] else "")
    head = f"dial-peer voice {peer['tag']} {peer['type']}: admin {peer['admin']}, oper {peer['oper']}, {calls}"
    left_out = ("tag", "type", "admin", "oper", "calls")
    lines = [f"  {name} = {_setting(setting)}" for name, setting in peer.items() if name not in left_out]
    return "\n".join([head, *(line for line in lines if not line.endswith("= "))])


def _setting(setting: object) -> str:
    if isinstance(setting, bool):
        return str(setting).lower()
    return (
        ", ".join(map(str, setting)) if isinstance(setting, list) else "" if setting is None else one_line(str(setting))
    )


def _dial_peer_summary(value: Value) -> str:
    rows = [
        (
            peer["tag"],
            peer["type"],
            peer["admin"],
            peer["oper"],
            peer.get("prefix"),
            peer["destination_pattern"],
            peer["preference"],
            peer.get("session_target"),
            peer.get("port"),
            peer["application"],
            peer["incoming_called_number"],
            peer["calls"],
        )
        for peer in value["dial_peers"]
    ]
    head = ("TAG", "TYPE", "ADMIN", "OPER", "PREFIX", "DEST-PATTERN", "FER", "SESS-TARGET", "PORT", "APPLICATION")
    text = table((*head, "INCOMING", "CALLS"), rows)
    return f"dial-peer hunt {value['dial_peer_hunt']}\n{text}"


# The gateway.


def _status(value: Value) -> str:
    accepting = "takes calls and mail" if value["accepting"] else "is closing down: takes no new calls"
    store = value["store"]
    return fields(
        (
            ("Gateway", f"{value['hostname']} {accepting}"),
            ("Version", f"sandf {value['version']}, process {value['pid']}"),
            ("Up since", f"{_when(value['began_at'])} ({_clock(value['seconds'])})"),
            ("Listens", ", ".join(value["listens"]) or "nowhere"),
            ("Ports", ", ".join(_port_words(port) for port in value["ports"]) or "none"),
            ("Live calls", value["calls"]),
            ("Jobs", _count_words(store["jobs"]) or "none"),
            ("Faxes", _count_words(store["faxes"]) or "none"),
            ("Withheld faxes", f"{store['withheld']}, see: sandf show faxes withheld" if store["withheld"] else None),
            ("Notices to be sent", store["notices_due"] or None),
        )
    )


def _port_words(port: Value) -> str:
    state = "up" if port["up"] else f"down: {port['why_down']}" if port["why_down"] else "down"
    return f"{port['port']} ({state}, {port['calls']} calls)"


def _count_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


# Traces.


def _trace(value: Value) -> str:
    parts = []
    for call in value["calls"]:
        lines = [trace_line(call["call"], line) for line in call["lines"]]
        parts.append(f"Call {call['call']}\n\n{draw(lines)}" if lines else f"Call {call['call']}: no trace is kept.")
    return "\n\n".join(parts)


def trace_line(call_id: str, line: Value) -> TraceLine:
    """The trace line of a value."""
    return TraceLine(
        call_id=call_id,
        at=line["at"],
        outward=line["outward"],
        kind=line["kind"],
        text=line["text"],
        octets=bytes.fromhex(line["octets"]),
    )


# Answers to orders.


def _order(value: Value) -> str:
    return str(value["sentence"])


def _outcome(value: Value) -> str:
    """What became of each job that was followed, a sentence each."""
    return "\n".join(f"{job['job']}: {job.get('text', job['step'])}" for job in value["jobs"])


def _when(stamp: str | None) -> str:
    """``2026-11-22 03:04:05`` of an ISO 8601 text: local time, as the gateway has it."""
    return stamp[:19].replace("T", " ") if stamp else ""


def _ending(value: dict[str, Any]) -> str:
    if value["cause"] is None:
        return ""
    detail = f" ({value['detail']})" if value["detail"] else ""
    return f"{value['cause_name']} ({value['cause']}): {value['sentence']}{detail}"


def _clock(seconds: float) -> str:
    """``0:07``, ``12:05``, ``26:12:05``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _capture(value: Value) -> str:
    return f"The packets of call {value['call']} as a capture file, in base64."


_RENDERERS: dict[str, Callable[[Value], str]] = {
    "calls": _calls,
    "active_fax": _active_fax,
    "history_fax": _history_fax,
    "fax": _fax,
    "faxes": _faxes,
    "jobs": _jobs,
    "job": _job,
    "dial_peers": _dial_peers,
    "dial_peer_summary": _dial_peer_summary,
    "status": _status,
    "trace": _trace,
    "capture": _capture,
    "order": _order,
    "outcome": _outcome,
}
