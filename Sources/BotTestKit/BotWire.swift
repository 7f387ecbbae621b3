/// How a bot's author names what a bot is told and what it says: findings speak the language of the bot under test.
package struct BotWire: Sendable {
  /// The call begins.
  var started: String
  /// The caller has finished speaking.
  var speechEnded: String
  /// An entry of keys.
  var digits: String
  /// The caller said nothing.
  var noInput: String
  /// An event of the flow.
  var custom: String
  /// The caller speaks over an answer.
  var interrupted: String
  /// The call is over.
  var ended: String
  /// Ends the bot's turn.
  var endTurn: String
  /// Transfers the caller.
  var transfer: String
  /// Ends the call.
  var end: String
  /// Says that what follows is nobody's business, and that it is no longer.
  var sensitive: String

  /// `BotEngine`, in the server's own process.
  package static let swift = BotWire(
    started: "`started`", speechEnded: "`speechEnded`", digits: "`digits`", noInput: "`noInput`", custom: "`custom`",
    interrupted: "`interrupted`", ended: "`ended`", endTurn: "`endTurn`", transfer: "`transfer`", end: "`end`",
    sensitive: "`sensitive(true)` before the turn is ended that asks, and `sensitive(false)` when it is over")

  /// `Protos/bot.proto`.
  package static let grpc = BotWire(
    started: "`started`", speechEnded: "`speech_ended`", digits: "`digits`", noInput: "`no_input`", custom: "`custom`",
    interrupted: "`interrupted`", ended: "`ended`", endTurn: "`end_turn`", transfer: "`transfer`", end: "`end`",
    sensitive: "`sensitive {sensitive: true}` before the `end_turn` that asks, and `false` when it is over")

  /// Twilio's Media Streams.
  package static let mediaStreams = BotWire(
    started: "`start`", speechEnded: "the end of the caller's speech in `media`", digits: "`dtmf`",
    noInput: "the caller's silence (`noInput`, for bots that subscribe to it)",
    custom: "an event of the flow (`custom`, for bots that subscribe to it)",
    interrupted: "the caller's speech in `media` (or `interrupted`, for bots that subscribe to it)", ended: "`stop`",
    endTurn: "silence in your `media`, or `{\"event\":\"endTurn\"}`", transfer: "`{\"event\":\"transfer\"}`",
    end: "`{\"event\":\"end\"}` or the hang-up over REST",
    sensitive: "`{\"event\":\"settings\"}` with `sensitive: true` before the turn that asks is over, and `false` later")

  /// OpenAI's Realtime events.
  package static let realtime = BotWire(
    started: "the first `response.create`", speechEnded: "`input_audio_buffer.commit` and `response.create`",
    digits: "the user's text `[The caller pressed …]`", noInput: "the user's text `[The caller is silent]`",
    custom: "the user's text `[Event] …`", interrupted: "`response.cancel`", ended: "the end of the connection",
    endTurn: "`response.done`", transfer: "a call of `transfer_to_agent`", end: "a call of `end_call`",
    sensitive: "a call of `collect_digits` with `sensitive: true`")

  /// Webex's own interface.
  package static let byova = BotWire(
    started: "`SESSION_START`", speechEnded: "the caller's audio", digits: "`dtmf_input`", noInput: "`NO_INPUT`",
    custom: "`CUSTOM_EVENT`", interrupted: "the caller's next audio", ended: "`SESSION_END`",
    endTurn: "a response of type `FINAL`", transfer: "`TRANSFER_TO_AGENT`", end: "`SESSION_END`",
    sensitive: "`input_sensitive: true` in the response that asks")

  /// A dialogue of states.
  package static let script = BotWire(
    started: "the call's start (the state under `start`)", speechEnded: "speech (`speech`)", digits: "keys (`digits`)",
    noInput: "silence (`no_input`)", custom: "an event of the flow (`events`)", interrupted: "an interruption",
    ended: "the call's end", endTurn: "the end of what the state says", transfer: "`transfer`", end: "`end: true`",
    sensitive: "`sensitive: true` in the state that asks")
}
