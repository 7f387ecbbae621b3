"""A YAML dialogue on the wire: what a script says is what the platform gets, in both response modes."""

import time

import pytest

import wireform
from caller import Caller
from conftest import TENANT_A
from rules import AUDIO_CONTENT, PROMPTS, written
from schemas import INPUT_EVENT_DTMF, INPUT_VOICE, INPUT_VOICE_DTMF, KEYS, Event
from speech import ROOT, from_wav, likeness, recorded

TEXT = 1


def sound(name):
    return from_wav((ROOT / f"Scripts/examples/front-desk/prompts/{name}.wav").read_bytes())


@pytest.fixture(params=["wav", "chunk"])
def caller(request, new_caller):
    return new_caller(f"script-{request.param}")


def listening(answer):
    """How the platform is told to listen: mode, (length, terminator, inter-digit) and (no-input, complete, maximum)."""
    config = answer.final.input_handling_config
    keys, speech = config.dtmf_config, config.speech_timers
    return (
        answer.final.input_mode,
        (keys.dtmf_input_length, keys.termchar, keys.inter_digit_timeout_msec),
        (speech.no_input_timeout_msec, speech.complete_timeout_msec, speech.max_speech_timeout_msec),
    )


def test_the_first_state(caller):
    """A sound and a text in their order: the sound is played, the text is left to the platform's voice."""
    greeting = caller.start()
    assert likeness(greeting.audio, sound("welcome")) > 0.9
    assert greeting.text == "1 order, 2 card, 3 a person, 4 say it, 9 good bye."
    kinds = ["audio" if p.audio_content else "text" for r in greeting.answers for p in r.message.prompts
             if p.audio_content or p.text]
    assert kinds[0] == "audio" and kinds[-1] == "text" and kinds.count("text") == 1, kinds


def test_a_text_has_no_audio(caller):
    """Wire 6: a prompt that the platform speaks has a text and no audio field, not even an empty one."""
    caller.start()
    answer = caller.press("1")
    assert answer.text == "Key in the order." and answer.audio.seconds == 0
    prompts = [value for r in answer.answers for number, _, value in wireform.fields(r.raw) if number == PROMPTS]
    texts = [p for p in prompts if written(p, TEXT)]
    assert len(texts) == 1 and not written(texts[0], AUDIO_CONTENT)


def test_how_the_platform_is_to_listen(caller):
    """Wire 6: mode, length, terminator and timers of each state are what its answer carries."""
    menu = listening(caller.start())
    assert menu[0] == INPUT_VOICE_DTMF, "a state with digits and speech"
    assert menu[1] == (1, KEYS["#"], 2500), "where the script names no terminator it is #"
    assert menu[2] == (6000, 900, 20_000)

    spoken = listening(caller.press("4"))
    assert spoken[0] == INPUT_VOICE, "a state with speech alone"
    assert spoken[1][2] == 2500 and spoken[2] == (6000, 400, 12_000), "what the script sets for all states holds"

    caller.speak(recorded("vm-theperson"))
    keyed = listening(caller.press("1"))
    assert keyed[0] == INPUT_EVENT_DTMF, "a state with digits alone"
    assert keyed[1] == (6, KEYS["#"], 4000), "Wire 7: the terminator is the enum's value"
    assert keyed[2][0] == 11_000


def test_barge_in_is_the_states(caller):
    """Wire 6: a menu may be interrupted; a state that says otherwise may not."""

    def bargeable(answer):
        return {p.is_barge_in_enabled for r in answer.answers for p in r.message.prompts if p.audio_content or p.text}

    assert bargeable(caller.start()) == {True}
    assert bargeable(caller.press("1")) == {False}


def test_keys_lead_on(caller):
    """A key's state, the default for other keys, an entry that is handed over under its name."""
    caller.start()
    assert caller.press("7").text == "That key does nothing."
    assert caller.press("1").text == "Key in the order."
    assert caller.press("123").text == "Six keys, please."
    transfer = caller.press("123456")
    assert transfer.text == "One moment."
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert dict(transfer.event.metadata) == {"summary": "The caller keyed a number.", "order": "123456"}
    assert transfer.final.session_summary.text == "The caller keyed a number."
    transcript = transfer.final.session_transcript.text
    assert "Welcome." in transcript and "Key in the order." in transcript
    assert "123456" not in transcript, "Wire 7: what was keyed is not in the transcript"


def test_a_transfer_with_metadata(caller):
    """Wire 6: the announcement, the summary and the script's own metadata go with the transfer."""
    caller.start()
    transfer = caller.press("3")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert likeness(transfer.audio, sound("connecting")) > 0.9
    assert dict(transfer.event.metadata) == {"summary": "Asked for a person.", "desk": "front"}


def test_the_end(caller):
    """Wire 3: the script ends the call, after its last words."""
    caller.start()
    end = caller.press("9")
    assert end.text == "Good bye." and end.event.event_type == Event.SESSION_END


def test_silences_are_counted(caller):
    """Wire 6: a first, a second and a third silence in a row get answers of their own; input in between starts anew."""
    caller.start()
    assert caller.no_input().text == "Are you there?"
    assert caller.no_input().text == "Still there?"
    assert caller.custom_event("anything").text == "What happened?"
    assert caller.no_input().text == "Are you there?", "the event was input: the count starts anew"
    assert caller.press("").text == "Still there?", "Wire 7: no keys are no input"
    end = caller.no_input()
    assert end.text == "Nobody is there." and end.event.event_type == Event.SESSION_END


def test_failures_are_counted(caller):
    """After the fourth wrong key in a row the caller gets a person."""
    caller.start()
    for _ in range(3):
        assert caller.press("8").text == "That key does nothing."
    transfer = caller.press("8")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert transfer.event.metadata["summary"] == "Lost in the menu."


def test_events_of_the_flow(caller):
    """An event of the flow designer has an answer of its own."""
    caller.start()
    assert caller.custom_event("else").text == "What happened?"
    end = caller.custom_event("closed", {"since": "five"})
    assert end.text == "We are closed." and end.event.event_type == Event.SESSION_END


def test_speech_leads_on(caller):
    """Speech in a state that listens for it; the end silence is the state's own (Wire 5)."""
    caller.start()
    caller.press("4")
    spoken = caller.speak(recorded("vm-theperson"))
    assert len(spoken.times(Event.START_OF_INPUT)) == len(spoken.times(Event.END_OF_INPUT)) == 1
    assert likeness(spoken.audio, sound("thank-you")) > 0.9
    assert spoken.text == "1 order, 2 card, 3 a person, 4 say it, 9 good bye."
    assert caller.speak(recorded("vm-theperson")).text == "You spoke."


def test_no_speech_where_keys_are_asked_for(caller):
    """Wire 4: where only keys are listened for, audio on a line that is open all the same is no speech."""
    caller.start()
    caller.press("1")
    line = caller.listen()
    line.say(recorded("vm-theperson"))
    time.sleep(3)
    assert line.replies == [] and not line.done.is_set()
    assert caller.press("123").text == "Six keys, please."
    line.half_close().wait()


@pytest.mark.measured
@pytest.mark.parametrize("agent", ["script-wav", "script-chunk"])
def test_the_end_silence_of_a_state(new_caller, agent):
    """Wire 5: the bot's speech timers override the agent's: 400 ms of silence end a turn here, 900 ms there."""
    caller = new_caller(agent)
    caller.start()
    caller.press("4")
    time.sleep(2)  # the platform speaks the text meanwhile
    for silence in (0.4, 0.9):
        turn = caller.speak(recorded("vm-theperson"))
        measured = turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended
        print(f"END {measured:.3f} s after speech with an end silence of {silence} s")
        assert abs(measured - silence) <= 0.1


def test_a_sensitive_state(caller):
    """Wire 6: the answer that asks for a card number says that what follows is sensitive; the next state clears it."""
    assert not caller.start().final.input_sensitive
    asked = caller.press("2")
    assert asked.text == "Key in the card."
    assert all(r.message.input_sensitive for r in asked.answers if r.kind == 0)
    again = caller.press("4929")
    assert again.text == "Sixteen keys, please." and again.final.input_sensitive
    paid = caller.press("4929123412341234")
    assert likeness(paid.audio, sound("paid")) > 0.9
    assert not paid.final.input_sensitive
    transfer = caller.press("1")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert b"4929" not in transfer.replies[-1].raw, "what was keyed is not handed over"


def test_agents_do_not_share_a_dialogue(new_caller):
    """Two calls are in different states of one script at the same time."""
    first, second = new_caller("script-wav"), new_caller("script-wav")
    first.start(), second.start()
    first.press("1")
    assert second.press("4").text == "Say it."
    assert first.press("654321").event.metadata["order"] == "654321"


def test_a_script_for_another_organization(channel, issuer):
    """Wire 3: the agents of all tenants serve each of them."""
    from conftest import TENANT_B

    caller = Caller(channel, issuer.token(TENANT_B), TENANT_B["org"], "script-wav")
    assert caller.start().text
    caller.hang_up()
