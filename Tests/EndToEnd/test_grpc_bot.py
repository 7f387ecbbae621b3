"""Bots that serve `Protos/bot.proto`, from their author's side and from the caller's."""

import time

import grpc
import pytest

import bots
import conftest
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway
from schemas import INPUT_EVENT_DTMF, Event
from speech import likeness, prompt, recorded


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    """A gateway with an agent of each response mode before one well-behaved bot."""
    folder = tmp_path_factory.mktemp("grpc-bot")
    (folder / "token").write_text("s3cret-of-the-bot\n")
    (folder / "token").chmod(0o600)
    with bots.Bot(bots.echo) as bot:
        engine = bot.engine | {
            "authorization_file": "token", "headers": [{"name": "X-Line", "value": "sales"}]}
        gateway = Gateway(folder, conftest.configuration(issuer, agents=[
            agent("bot-wav", "wav", engine, default=True), agent("bot-chunk", "chunk", engine),
            agent("bot-all", "chunk", engine | {"hears": "everything", "audio": "mulaw"}),
        ]))
        yield gateway, bot
        gateway.stop()
        assert "s3cret-of-the-bot" not in gateway.log


@pytest.fixture(params=["wav", "chunk"])
def caller(request, server, token):
    with server[0].channel() as channel:
        yield Caller(channel, token, TENANT_A["org"], f"bot-{request.param}", request.param,
                     vendor_specific_config="{\"a\": 1}", additional_info={"language": "en"})


def test_a_whole_call(server, caller):
    """Greeting, a spoken turn, digits, no-input, an event of the flow, hang-up: each reaches the bot, and its answer
    the caller."""
    greeting = caller.start()
    assert likeness(greeting.audio, prompt("greeting")) > 0.9
    assert greeting.final.input_handling_config.speech_timers.no_input_timeout_msec == 7000
    call = server[1].calls[-1]
    hello = call.hello
    assert (hello.protocol_version, hello.kind) == (1, 1)
    assert hello.call.conversation == caller.conversation and hello.call.organization == TENANT_A["org"]
    assert hello.call.agent == caller.agent and hello.call.tracking == caller.tracking
    assert hello.call.vendor_configuration == "{\"a\": 1}" and dict(hello.call.additional_info) == {"language": "en"}
    assert call.metadata["trackingid"] == caller.tracking
    assert call.metadata["patchbay-org"] == TENANT_A["org"]
    assert call.metadata["patchbay-conversation"] == caller.conversation
    assert call.metadata["authorization"] == "Bearer s3cret-of-the-bot" and call.metadata["x-line"] == "sales"

    spoken = recorded("tt-monkeysintro")
    assert likeness(caller.speak(spoken).audio, spoken) > 0.9, "the bot says the caller's own words back"
    assert call.kinds[-2:] == ["speech_started", "speech_ended"]
    assert [m.name for m in call.of("mark") if m.played] == ["greeted"]

    digits = caller.press("1234")
    assert digits.text == "4 digits" and digits.final.input_sensitive
    assert digits.final.input_mode == INPUT_EVENT_DTMF
    settings = digits.final.input_handling_config.dtmf_config
    assert (settings.dtmf_input_length, settings.inter_digit_timeout_msec, settings.termchar) == (4, 2500, 15)
    assert caller.no_input().text == "Still there?"
    event = caller.custom_event("look", {"customer": "4711"}).event
    assert event.name == "look" and event.metadata["seen"]["customer"] == "4711"

    caller.hang_up()
    assert call.ended.wait(5)
    assert call.of("ended")[0].reason == 1


def test_transfer_and_end(server, caller):
    """A transfer with its announcement, summary and metadata; and, in another call, the end."""
    caller.start()
    transfer = caller.press("0")
    assert transfer.event.event_type == Event.TRANSFER_TO_AGENT
    assert transfer.event.metadata["summary"] == "wants a person" and transfer.event.metadata["queue"] == "gold"
    assert transfer.final.session_summary.text == "wants a person"
    assert "zero" in transfer.final.session_transcript.text
    assert likeness(transfer.audio, prompt("good-bye")) > 0.9
    call = server[1].calls[-1]
    assert call.ended.wait(5) and call.of("ended")[0].reason == 3

    other = Caller(caller.channel, caller.token, caller.org, caller.agent, caller.mode)
    other.start()
    assert other.press("9").event.event_type == Event.SESSION_END


def test_interruption(server, token):
    """The bot is told of the interruption and how much was heard, and its mark that was not reached."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "bot-wav", "wav")
        caller.start()
        spoken = recorded("queue-youarenext")
        first = caller.speak(spoken)
        assert caller.playing_until > time.monotonic() + 2
        second = caller.speak(recorded("tt-monkeysintro"), after_prompts=False)
        assert likeness(second.audio, recorded("tt-monkeysintro")) > 0.85
        interrupted = server[1].calls[-1].of("interrupted")
        assert len(interrupted) == 1
        assert 200 < interrupted[0].played < first.audio.seconds * 1000
        caller.hang_up()


def test_a_bot_that_hears_everything(server, token):
    """`hears: everything`: silence too, as mu-law."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "bot-all", "chunk")
        caller.start()
        line = caller.listen()
        time.sleep(1)
        line.half_close()
        line.wait()
        caller.hang_up()
    call = server[1].calls[-1]
    assert call.ended.wait(5)
    assert 0.5 < sum(len(a.samples) for a in call.of("audio")) / 8000 < 3
    assert call.hello.audio.encoding == bots.MULAW


@pytest.mark.parametrize("mode", ["wav", "chunk"])
def test_prompts_that_a_later_answer_does_not_cancel(own_gateway, token, mode):
    """A bot may say so with a prompt: it holds for the rest of the turn, and not for the next."""

    def answer(call, event):
        kind = event.WhichOneof("event")
        if kind == "started":
            yield from bots.audio(prompt("greeting"), event.turn, disable_prompt_cancellation=True)
            yield bots.end_turn(event.turn)
        elif kind in ("no_input", "digits"):
            disable = kind == "digits"
            yield bots.bot.BotMessage(turn=event.turn, text={"text": "Yes.", "disable_prompt_cancellation": disable})
            yield bots.end_turn(event.turn)

    with bots.Bot(answer) as bot:
        gateway = own_gateway(agents=[agent("bot", mode, bot.engine)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot", mode)
            assert all(r.message.disable_prompt_cancellation for r in caller.start().replies)
            assert not any(r.message.disable_prompt_cancellation for r in caller.no_input().replies)
            assert all(r.message.disable_prompt_cancellation for r in caller.press("1").replies)
            caller.hang_up()


def test_tls_and_its_refusal(own_gateway, certificates, token):
    """TLS is verified: a bot with a certificate that the configuration trusts takes the call, another one does not."""
    key, certificate = (certificates / "server.key").read_bytes(), (certificates / "server.pem").read_bytes()
    with bots.Bot(bots.echo, grpc.ssl_server_credentials([(key, certificate)])) as bot:
        engine = {"kind": "grpc", "url": f"https://localhost:{bot.port}", "timeouts": {"connect": "1s"}}
        gateway = own_gateway(agents=[
            agent("trusted", "wav", engine | {"tls": {"ca": str(certificates / "server.pem")}}, default=True),
            agent("untrusted", "wav", engine),
        ])
        with gateway.channel() as channel:
            trusted = Caller(channel, token, TENANT_A["org"], "trusted")
            assert likeness(trusted.start().audio, prompt("greeting")) > 0.9
            trusted.hang_up()
            untrusted = Caller(channel, token, TENANT_A["org"], "untrusted").start()
            assert untrusted.event.event_type == Event.TRANSFER_TO_AGENT
        assert "unreachable" in gateway.log
