"""The rules that every answer keeps, whatever the call: Wire 5 and 6, as the platform would trip over them."""

import wireform
from schemas import CHUNK, FINAL, INPUT_EVENT_DTMF, INPUT_VOICE, INPUT_VOICE_DTMF, Event

INPUT_MODE, INPUT_HANDLING_CONFIG, PROMPTS, AUDIO_CONTENT = 4, 5, 1, 3


def written(raw, number):
    """Whether a field is on the wire at all."""
    return any(n == number for n, _, _ in wireform.fields(raw))


def check(interaction, mode):
    """Checks a completed RPC that was answered, in an agent's response mode."""
    replies = interaction.replies
    said = f"in {replies}"
    for reply in replies:
        assert len(reply.message.output_events) <= 1, f"Wire 6: only the first output event counts, {said}"
        for prompt in reply.message.prompts:
            assert not (prompt.text and prompt.audio_content), f"Wire 6: no text on a prompt that has audio, {said}"
            assert not prompt.audio_uri, f"Wire 6: prompts carry their audio, {said}"
    turn_bounds(replies, mode, said)
    answers = interaction.answers
    assert answers, f"an answer is missing, {said}"
    (in_wav_mode if mode == "wav" else in_chunk_mode)(answers, said)
    last = answers[-1]
    assert last is replies[-1], f"Wire 5: nothing follows the answer, {said}"
    ending(answers, last, said)


def turn_bounds(replies, mode, said):
    starts = [i for i, r in enumerate(replies) if r.event == Event.START_OF_INPUT]
    ends = [i for i, r in enumerate(replies) if r.event == Event.END_OF_INPUT]
    assert len(starts) <= 1 and len(ends) <= 1, f"Wire 5: START_OF_INPUT and END_OF_INPUT come once a turn, {said}"
    for i in starts + ends:
        assert not replies[i].message.prompts, f"Wire 5: a bound of the turn is a message of its own, {said}"
        assert not replies[i].message.HasField("input_handling_config"), f"Wire 5: a bound of the turn is bare, {said}"
    if starts:
        assert replies[starts[0]].kind == FINAL, f"Wire 5: START_OF_INPUT is FINAL, {said}"
    if ends:
        assert starts and starts[0] < ends[0], f"Wire 5: END_OF_INPUT follows START_OF_INPUT, {said}"
        expected = FINAL if mode == "wav" else CHUNK
        assert replies[ends[0]].kind == expected, f"Wire 5: END_OF_INPUT's type is {expected} in {mode} mode, {said}"


def in_wav_mode(answers, said):
    assert [r.kind for r in answers] == [FINAL], f"Wire 6: WAV mode answers with exactly one FINAL, {said}"
    for prompt in answers[0].message.prompts:
        assert prompt.audio_content or prompt.text, f"Wire 6: a prompt has audio or text, {said}"
        if prompt.audio_content:
            assert prompt.audio_content[:4] == b"RIFF", f"Wire 6: a prompt is a WAV file, {said}"


def in_chunk_mode(answers, said):
    *chunks, final = answers
    assert all(r.kind == CHUNK for r in chunks) and final.kind == FINAL, f"Wire 6: CHUNK …, then one FINAL, {said}"
    for reply in chunks:
        assert len(reply.message.prompts) == 1, f"Wire 6: a chunk is one prompt, {said}"
        audio = reply.message.prompts[0].audio_content
        if reply.message.prompts[0].text:  # for the platform's own voice
            assert not audio, f"Wire 6: a text has no audio, {said}"
            continue
        assert 100 <= len(audio) <= 65_536, f"Wire 6: chunks have 100 to 65,536 bytes, {said}"
        assert audio[:4] != b"RIFF", f"Wire 6: chunks are raw mu-law, {said}"
        assert not reply.message.output_events, f"Wire 6: events go with the FINAL, {said}"
        assert not written(reply.raw, INPUT_MODE), f"Wire 6: the input mode goes with the FINAL, {said}"
    if chunks:
        prompts = [value for number, _, value in wireform.fields(final.raw) if number == PROMPTS]
        assert len(prompts) == 1, f"Wire 6: the FINAL after chunks has one prompt, {said}"
        audio = [value for number, _, value in wireform.fields(prompts[0]) if number == AUDIO_CONTENT]
        assert audio == [b""], f"Wire 6: whose audio is present and empty, not {audio}, {said}"
    else:
        assert not any(p.audio_content for p in final.message.prompts), f"Wire 6: audio comes in chunks, {said}"


def ending(answers, last, said):
    message = last.message
    if last.event in Event.TERMINAL:
        assert not written(last.raw, INPUT_MODE), f"Wire 6: no input mode with a terminal event, {said}"
        assert not written(last.raw, INPUT_HANDLING_CONFIG), f"Wire 6: no input config with a terminal event, {said}"
        for reply in answers:
            for prompt in reply.message.prompts:
                assert not prompt.is_barge_in_enabled, f"Wire 6: an announcement is never bargeable, {said}"
    else:
        assert message.input_mode in (INPUT_VOICE, INPUT_EVENT_DTMF, INPUT_VOICE_DTMF), (
            f"Wire 6: an answer that goes on carries its input mode, {said}")
        assert message.HasField("input_handling_config"), f"Wire 6: … and its input config, {said}"
        assert last.event != Event.NO_INPUT, f"Wire 6: a NO_INPUT event ends the activity: re-prompt, {said}"
