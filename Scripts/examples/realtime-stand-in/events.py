"""The server's events, by the names and with the members of OpenAI's published interface (GA); see `Session.emit` for
the names of the beta."""

import itertools

_counter = itertools.count(1)


def identifier(prefix):
    return f"{prefix}_{next(_counter):06d}"


def session(model):
    """A session as it is before any `session.update`."""
    return {
        "type": "realtime", "object": "realtime.session", "id": identifier("sess"), "model": model,
        "output_modalities": ["audio"], "instructions": "You are a stand-in.", "tools": [], "tool_choice": "auto",
        "max_output_tokens": "inf",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000}, "transcription": None, "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
                    "create_response": True, "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
        },
    }


def response(identity, status, output=(), error=None, reason=None):
    details = None
    if status != "in_progress":
        details = {"type": status} | ({"error": error} if error else {}) | ({"reason": reason} if reason else {})
    return {
        "object": "realtime.response", "id": identity, "status": status, "status_details": details,
        "output": list(output), "output_modalities": ["audio"], "conversation_id": "conv_000000", "metadata": None,
    }


def message(identity, text=None, status="in_progress"):
    content = [] if text is None else [{"type": "output_audio", "transcript": text}]
    return {
        "object": "realtime.item", "id": identity, "type": "message", "status": status, "role": "assistant",
        "content": content,
    }


def function_call(identity, call, name, arguments, status="completed"):
    return {
        "object": "realtime.item", "id": identity, "type": "function_call", "status": status, "name": name,
        "call_id": call, "arguments": arguments,
    }


# The names that the beta had for some of them.
BETA = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "conversation.item.added": "conversation.item.created",
}
