"""Reads what Scripts/sanitize wrote down of each piece: a line for one piece, or the table of several.

    sanitized.py piece FOLDER NAME
    sanitized.py table SANITIZER FOLDER NAME…    succeeds only if all passed without a report

Of a piece NAME, FOLDER has NAME.exit (exit status and seconds; missing where the piece did not come to its end), NAME.xml
(JUnit), NAME.log and NAME.reports. Under a sanitizer a program is 2 to 10 times slower: a failure whose every message speaks
of a bound in time is counted as "late". It is a failure still, but says nothing about the program until somebody has read it.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml
from collections import Counter

KIND = re.compile(r"^SUMMARY: [A-Za-z]*Sanitizer: (.*)|^(.*runtime error: .*)", re.MULTILINE)
HEADING = re.compile(r"(?:ERROR|WARNING): ([A-Za-z]+Sanitizer: [a-z -]*)")
LATE = re.compile(
    r"time limit was exceeded|Timeout \(?>|TimeoutExpired|timed out|TimeoutError|queue\.Empty|DEADLINE_EXCEEDED"
    r"|not within \d|within \d+(\.\d+)? ?s\b|(clock\b|elapsed|took|seconds|began|monotonic).{0,200} < ", re.IGNORECASE)
WIDTHS = (34, 10, 6, 6, 5, 7, 8)
HEADS = ("piece", "result", "tests", "failed", "late", "reports", "seconds")


class Piece:
    def __init__(self, folder, name):
        self.name = name
        self.tests, self.failures = cases(folder / f"{name}.xml")
        self.kinds = Counter()
        for file in sorted((folder / f"{name}.reports").glob("*")):
            text = file.read_text(errors="replace")
            # A report without a summary is one all the same.
            self.kinds.update([a or b for a, b in KIND.findall(text)] or HEADING.findall(text) or ["a report of no known kind"])
        end = folder / f"{name}.exit"
        self.status, self.seconds = map(int, end.read_text().split()) if end.exists() else (None, 0)

    @property
    def reports(self):
        return sum(self.kinds.values())

    @property
    def late(self):
        return sum(all(LATE.search(message) for message in messages) for messages in self.failures.values())

    @property
    def result(self):
        if self.status is None:
            return "not played"
        if self.status in (124, 137):
            return "cut off"
        if self.reports:
            return "REPORTS"
        # pytest's 5: no test was left of a file whose tests all measure.
        if self.status == 5 and self.tests == 0:
            return "no tests"
        if self.status == 0 and not self.failures:
            return "passed"
        return "FAILED" if self.failures else "ended badly"

    @property
    def is_good(self):
        return self.result in ("passed", "no tests")

    def line(self):
        return row(self.name, self.result, self.tests, len(self.failures), self.late, self.reports, self.seconds)


def cases(file):
    """How many tests were played, and the messages of those that failed."""
    try:
        found = list(xml.parse(file).iter("testcase"))
    except (OSError, xml.ParseError):  # the process died, or was ended, before it wrote one
        return 0, {}
    played, failures = 0, {}
    for case in found:
        bad = case.findall("failure") + case.findall("error")
        if case.find("skipped") is None:
            played += 1
        if bad:
            failures[case.get("name")] = [message(one) for one in bad]
    return played, failures


def message(failure):
    """What a failure says; of pytest's account, which shows the test's code too, only the lines that say what was wrong."""
    said = [line for line in (failure.text or "").splitlines() if line.startswith("E ")]
    return "\n".join([failure.get("message") or "", *said])


def row(*cells):
    return " ".join(str(cell).ljust(width) if place < 2 else str(cell).rjust(width)
                    for place, (cell, width) in enumerate(zip(cells, WIDTHS)))


def table(sanitizer, pieces):
    print(row(*HEADS))
    for piece in pieces:
        print(piece.line())
    count = Counter(piece.result for piece in pieces)
    print(row(f"{sanitizer}: {len(pieces)} pieces", f"{sum(piece.is_good for piece in pieces)} good",
              sum(piece.tests for piece in pieces), sum(len(piece.failures) for piece in pieces),
              sum(piece.late for piece in pieces), sum(piece.reports for piece in pieces),
              sum(piece.seconds for piece in pieces)))
    print(", ".join(f"{number} {result}" for result, number in count.most_common()))
    for piece in pieces:
        for name in piece.failures:
            print(f"Failed: {piece.name} {name}")
    for kind, number in sum((piece.kinds for piece in pieces), Counter()).most_common():
        print(f"Reported {number} times: {kind}")
    return all(piece.is_good for piece in pieces)


def main(arguments):
    if arguments[0] == "piece":
        print(Piece(pathlib.Path(arguments[1]), arguments[2]).line(), flush=True)
        return True
    return table(arguments[1], [Piece(pathlib.Path(arguments[2]), name) for name in arguments[3:]])


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
