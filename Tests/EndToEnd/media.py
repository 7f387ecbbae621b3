"""Webex's side of forked conversations and meetings: streams of messages, paced in real time."""

import queue
import threading
import time

import grpc

from schemas import MEDIA, schema_of

forking = schema_of(MEDIA, "ConversationAudio")
meetings = schema_of(MEDIA, "MultiMedia")

STREAM_CONVERSATION_AUDIO = f"/{MEDIA}.ConversationAudio/StreamConversationAudio"
STREAM_CONTROL = f"/{MEDIA}.MultiMedia/StreamControl"
STREAM_MEDIA = f"/{MEDIA}.MultiMedia/StreamMedia"
FORKING_SCHEMA = "523e1b7f-4693-47bc-b84e-a7b7a505fb0b"
MEETING_SCHEMA = "1b2b7077-dbcd-4732-b2f9-296f9168168a"

# Numbers as Cisco's tables give them.
CALLER, AGENT = 1, 2
LINEAR16, MULAW, ALAW = 1, 2, 3
ERROR_NONE, ERROR_INVALID_AUDIO_FORMAT = 0, 1
AUDIO, VIDEO, CONTROL = 1, 2, 3
OPUS, H264 = 1, 1
NORMAL = 1
REQUEST_KEYFRAME = REQUEST_ROSTER_REFRESH = 1


def as_is(data):
    return data


class Stream:
    """One RPC of a media service."""

    HALF_CLOSE = object()

    def __init__(self, channel, path, token, read, metadata=(), deadline=120):
        self.replies = []
        self.done = threading.Event()
        self.changed = threading.Condition()
        self.outbox = queue.SimpleQueue()
        self.read = read
        call = channel.stream_stream(path, as_is, as_is)
        self.call = call(
            iter(self.outbox.get, self.HALF_CLOSE), metadata=[("authorization", f"Bearer {token}"), *metadata],
            timeout=deadline)
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message):
        self.outbox.put(message if isinstance(message, bytes) else message.SerializeToString())
        return self

    def half_close(self):
        self.outbox.put(self.HALF_CLOSE)
        return self

    def cancel(self):
        self.call.cancel()
        self.done.wait(20)

    def _read(self):
        try:
            for raw in self.call:
                with self.changed:
                    self.replies.append(self.read(raw))
                    self.changed.notify_all()
        except grpc.RpcError:
            pass
        with self.changed:
            self.done.set()
            self.changed.notify_all()
        self.outbox.put(self.HALF_CLOSE)

    def wait(self, seconds=20):
        assert self.done.wait(seconds), f"the RPC was not completed within {seconds} s after {self.replies}"
        return self.call.code()

    def wait_for(self, condition, what, seconds=20):
        """Waits for the first reply that meets a condition."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(condition, self.replies)) or self.done.is_set(), seconds)
            found = next(filter(condition, self.replies), None)
        assert found is not None, f"no {what} among {self.replies}"
        return found


class Pace:
    """Sends something every 20 ms, as fast as somebody speaks."""

    def __init__(self):
        self.began = time.monotonic()
        self.count = 0

    def wait(self):
        self.count += 1
        time.sleep(max(0.0, self.began + self.count * 0.02 - time.monotonic()))


class Fork(Stream):
    """One RPC of a forked conversation."""

    def __init__(self, channel, token, org, conversation, metadata=(), **more):
        super().__init__(
            channel, STREAM_CONVERSATION_AUDIO, token, forking.ConversationAudioForkingResponse.FromString, metadata,
            **more)
        self.org, self.conversation = org, conversation

    def audio(self, data, role=CALLER, role_id="", encoding=MULAW, rate=8000, seconds=None, conversation=None, **more):
        """Sends a piece; `seconds` is the time that it is stamped with."""
        piece = forking.AudioStream(
            audio_data=data, encoding=encoding, sample_rate_hertz=rate, role=role, role_id=role_id)
        if seconds is not None:
            piece.audio_timestamp.seconds = int(seconds)
            piece.audio_timestamp.nanos = int((seconds - int(seconds)) * 1e9)
        return self.send(forking.ConversationAudioForkingRequest(
            conversation_id=self.conversation if conversation is None else conversation,
            customer_org_id=self.org, audio=piece, **more))


class Meeting:
    """A meeting as the platform brings it."""

    def __init__(self, channel, token, org, conversation):
        self.channel, self.token, self.org, self.conversation = channel, token, org, conversation
        self.control = Stream(channel, STREAM_CONTROL, token, meetings.ControlResponse.FromString)
        self.control.send(meetings.ControlRequest(stream_open=self.opening("control", CONTROL)))
        self.number = 0

    def opening(self, stream, kind):
        return meetings.StreamOpen(
            stream_id=stream, media_type=kind, org_id=self.org, conversation_id=self.conversation)

    def roster(self, refresh=False, skip=0, **changes):
        """Sends a roster: `additions`, `changes`, `removals`."""
        self.number += 1 + skip
        roster = meetings.Roster(sequence_number=self.number, refresh=refresh, **changes)
        data = meetings.ServiceData(meeting_data=meetings.MeetingData(roster=roster))
        self.control.send(meetings.ControlRequest(service_data=data))

    def open(self, stream, kind):
        rpc = Stream(self.channel, STREAM_MEDIA, self.token, meetings.MediaResponse.FromString)
        return rpc.send(meetings.MediaRequest(stream_open=self.opening(stream, kind)))

    def close(self):
        self.control.send(meetings.ControlRequest(stream_close=meetings.StreamClose(reason=NORMAL)))

    def requests(self, kind):
        """The requests for a kind of media so far: "audio_config" or "video_config"."""
        return [
            getattr(r.media_stream_request, kind) for r in self.control.replies
            if r.WhichOneof("payload") == "media_stream_request" and r.media_stream_request.WhichOneof("config") == kind]


def packet(data, number, participant, milliseconds):
    return meetings.MediaRequest(media_payload=meetings.MediaPayload(
        data=data, sequence_number=number, participant_id=participant, timestamp_ms=milliseconds))


def closing():
    return meetings.MediaRequest(stream_close=meetings.StreamClose(reason=NORMAL))
