"""The suite that every engine passes: `patchbay bot test` plays standard conversations at the bot behind it."""

import json

from gateway import run

CHECKS = ["greeting", "turn", "barge-in", "digits", "no-input", "sensitive", "transfer", "end", "bot closes",
          "caller hangs up", "wire"]


def findings(engine, *options, seconds=120):
    """What the test finds of a bot, by check. `engine` is as in a configuration."""
    result = run("bot", "test", "--engine", json.dumps(engine), "--json", "--calls", 10, *options, seconds=seconds)
    assert result.returncode in (0, 1), result.stderr
    report = json.loads(result.stdout)
    found = {finding["check"]: finding for finding in report["findings"]}
    failed = [name for name, finding in found.items() if finding["verdict"] == "failed"]
    assert result.returncode == bool(failed)
    return found


def conforms(engine, *options, without=()):
    """The bot passes every check, but for those that do not apply to it. The cues are those of `bots.conforming`."""
    cues = {"barge-in": ("--long-answer", "1"), "sensitive": ("--sensitive", "3"), "transfer": ("--transfer", "0"),
            "end": ("--end", "9"), "bot closes": ("--closes", "7")}
    given = [option for check, pair in cues.items() if check not in without for option in pair]
    found = findings(engine, "--digits", "5", *given, *options)
    assert list(found) == CHECKS
    verdicts = {name: finding["verdict"] for name, finding in found.items()}
    expected = {name: "not applicable" if name in without else "passed" for name in CHECKS}
    assert verdicts == expected, json.dumps(found, indent=2)
    return found
