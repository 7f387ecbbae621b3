"""The suite that every engine passes: `patchbay bot test` plays standard conversations at the bot behind it."""

import json

from bots import audio, bot, end_turn
from gateway import run
from speech import prompt

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
    """The bot passes every check, but for those that do not apply to it. The cues are those of `conforming`."""
    cues = {"barge-in": ("--long-answer", "1"), "sensitive": ("--sensitive", "3"), "transfer": ("--transfer", "0"),
            "end": ("--end", "9"), "bot closes": ("--closes", "7")}
    given = [option for check, pair in cues.items() if check not in without for option in pair]
    found = findings(engine, "--digits", "5", *given, *options)
    assert list(found) == CHECKS
    verdicts = {name: finding["verdict"] for name, finding in found.items()}
    expected = {name: "not applicable" if name in without else "passed" for name in CHECKS}
    assert verdicts == expected, json.dumps(found, indent=2)
    return found


def conforming(call, event):
    """What the shared suite asks of a bot: 1 brings a long answer, 3 a card number, 0 an agent, 9 the end, 7 a fault."""
    turn = event.turn
    keys = event.digits.digits if event.WhichOneof("event") == "digits" else None
    match event.WhichOneof("event"):
        case "started":
            yield from audio(prompt("greeting"), turn)
        case "no_input":
            yield from audio(prompt("still-there"), turn)
        case "speech_ended" | "custom":
            yield from audio(prompt("event-received"), turn)
        case "digits" if keys == "1":
            for _ in range(3):
                yield from audio(prompt("anything-else"), turn)
        case "digits" if keys == "3":
            yield bot.BotMessage(turn=turn, sensitive={"sensitive": True})
            yield from audio(prompt("you-pressed"), turn)
            yield end_turn(turn, mode=3, digit_count=16)
            return
        case "digits" if keys == "0":
            yield from audio(prompt("transfer"), turn)
            yield bot.BotMessage(turn=turn, transfer={"summary": "wants a person"})
            return
        case "digits" if keys == "9":
            yield from audio(prompt("good-bye"), turn)
            yield bot.BotMessage(turn=turn, end={})
            return
        case "digits" if keys == "7":
            raise RuntimeError("the bot is broken, as it is meant to be")
        case "digits":
            yield bot.BotMessage(turn=turn, sensitive={"sensitive": False})
            yield from audio(prompt("you-pressed"), turn)
        case _:
            return
    yield end_turn(turn)
