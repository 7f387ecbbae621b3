"""Reads the JUnit files of a run of all tests: which tests failed, which to play again alone, and the sum of it.

    results.py again FILE           the failed tests of FILE, a line each, as their runner is asked for them;
                                    nothing where more than three failed
    results.py summary FOLDER       what passed, failed and was unsteady in FOLDER

One test that misses its time beside others says little about the server, several do. What passes alone is still named
in the summary, since an unsteady test hides something: in the test, or in the server.

FOLDER holds NAME.xml of each part of the run, and NAME-again.xml where failed tests of it were played again.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

MOST_AGAIN = 8
SWIFT = ("computing", "others")
END_TO_END = ("together", "measured")


def cases(file):
    """The tests of a JUnit file by name, and whether each passed; None where it was skipped."""
    found = {}
    for case in xml.parse(file).iter("testcase"):
        if not case.get("name"):  # a test whose process died, and that was played again
            continue
        bad = case.find("failure") is not None or case.find("error") is not None
        passed = False if bad else (None if case.find("skipped") is not None else True)
        found[(case.get("classname"), case.get("name"))] = passed
    return found


def asked_for(part, classname, name):
    """A test as `swift test --filter` or pytest is asked for it."""
    if part in SWIFT:
        # A suite in a suite is parted by a slash in the filter, by a dot in the file.
        return "^" + re.escape(f"{classname}/{name}").replace(r"\.", "[./]")
    return f"{classname.replace('.', '/')}.py::{name}"


def again(file):
    if not file.exists():
        return []
    failed = [key for key, passed in cases(file).items() if passed is False]
    return [asked_for(file.stem, *key) for key in failed] if len(failed) <= MOST_AGAIN else []


def summary(folder):
    """Prints the sum; whether every part came to its end and nothing failed."""
    total = {"Swift": [0, 0], "End to end": [0, 0]}
    for part in SWIFT + END_TO_END:
        count = total["Swift" if part in SWIFT else "End to end"]
        file = folder / f"{part}.xml"
        if not file.exists():
            print(f"{part}: the tests did not come to their end")
            count[1] += 1
            continue
        alone = folder / f"{part}-again.xml"
        second = cases(alone) if alone.exists() else {}
        for key, passed in cases(file).items():
            if passed is False and second.get(key):
                print(f"Unsteady: {'.'.join(key)} failed beside others and passed alone")
                passed = True
            elif passed is False:
                print(f"Failed: {'.'.join(key)}")
            count[0] += passed is True
            count[1] += passed is False
    for name, (passed, failed) in total.items():
        print(f"{name}: {passed} passed, {failed} failed")
    passed, failed = (sum(numbers) for numbers in zip(*total.values()))
    print(f"{passed} passed, {failed} failed")
    return failed == 0


if __name__ == "__main__":
    if sys.argv[1] == "again":
        print("\n".join(again(pathlib.Path(sys.argv[2]))))
    else:
        sys.exit(not summary(pathlib.Path(sys.argv[2])))
