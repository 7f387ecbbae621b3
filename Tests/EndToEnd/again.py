"""Names the tests that failed in a JUnit file, so that they can be played again alone; nothing where many failed.

    again.py RESULTS.xml [MOST]

One test that misses its time beside others says little about the server, several do. What passes alone is still named
at the end of Scripts/test, since an unsteady test hides something: in the test, or in the server.
"""

import pathlib
import sys
import xml.etree.ElementTree as xml


def failed(file):
    """The tests of a JUnit file that failed, as pytest names them."""
    return [
        f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"
        for case in xml.parse(file).iter("testcase")
        if case.get("name") and (case.find("failure") is not None or case.find("error") is not None)
    ]


if __name__ == "__main__":
    file = pathlib.Path(sys.argv[1])
    names = failed(file) if file.exists() else []
    if len(names) <= int(sys.argv[2] if len(sys.argv) > 2 else 3):
        print("\n".join(names))
