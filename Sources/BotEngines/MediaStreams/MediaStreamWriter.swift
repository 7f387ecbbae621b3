import Basics
import BotEngine
import JSONText

/// The messages that Twilio sends (Twilio, "Media Streams - WebSocket Messages"), in their order and with their numbers.
///
/// Numbers are strings on this wire, but those of `mediaFormat`.
struct MediaStreamWriter {
  /// The ids by which the bot knows the call.
  struct Identity: Sendable {
    /// `AC` and 32 hexadecimal digits.
    var account: String
    /// `CA` and 32 hexadecimal digits: what the hang-up route is asked for.
    var call: String
    /// `MZ` and 32 hexadecimal digits.
    var stream: String

    /// Ids that nobody can guess, for one call.
    init(account: String) {
      self.account = account
      var random = SystemRandomNumberGenerator()
      call = "CA" + random.hexadecimalName()
      stream = "MZ" + random.hexadecimalName()
    }
  }

  let identity: Identity
  private var sequence = 0
  private var chunk = 0

  init(identity: Identity) { self.identity = identity }

  /// The first message; it is not numbered.
  func connected() -> [UInt8] {
    JSONWriter.object {
      $0.member("event", "connected")
      $0.member("protocol", "Call")
      $0.member("version", "1.0.0")
    }
  }

  mutating func start(parameters: [(name: String, value: String)]) -> [UInt8] {
    let identity = identity
    return numbered("start") {
      $0.object("start") {
        $0.member("accountSid", identity.account)
        $0.member("streamSid", identity.stream)
        $0.member("callSid", identity.call)
        $0.member("tracks") { $0.array { $0.string("inbound") } }
        $0.object("mediaFormat") {
          $0.member("encoding", "audio/x-mulaw")
          $0.member("sampleRate", 8000)
          $0.member("channels", 1)
        }
        $0.object("customParameters") { for (name, value) in parameters { $0.member(name, value) } }
      }
    }
  }

  /// 20 ms of the caller's audio.
  ///
  /// - Parameter offset: milliseconds of the stream before it.
  mutating func media(_ payload: some RandomAccessCollection<UInt8>, at offset: Int) -> [UInt8] {
    chunk += 1
    let chunk = chunk
    return numbered("media") {
      $0.object("media") {
        $0.member("track", "inbound")
        $0.member("chunk", String(chunk))
        $0.member("timestamp", String(offset))
        $0.member("payload") { $0.base64(payload) }
      }
    }
  }

  mutating func digit(_ digit: Character) -> [UInt8] {
    numbered("dtmf") {
      $0.object("dtmf") {
        $0.member("track", "inbound_track")
        $0.member("digit", String(digit))
      }
    }
  }

  mutating func mark(_ name: String) -> [UInt8] {
    numbered("mark") { $0.object("mark") { $0.member("name", name) } }
  }

  mutating func stop() -> [UInt8] {
    let identity = identity
    return numbered("stop") {
      $0.object("stop") {
        $0.member("accountSid", identity.account)
        $0.member("callSid", identity.call)
      }
    }
  }

  /// An event beyond Twilio's, which a bot has asked for.
  mutating func extra(_ event: MediaStreamExtra, _ fill: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
    numbered(event.rawValue) { $0.object(event.rawValue, fill) }
  }

  private mutating func numbered(_ event: String, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
    sequence += 1
    return JSONWriter.object {
      $0.member("event", event)
      $0.member("sequenceNumber", String(sequence))
      fill(&$0)
      $0.member("streamSid", identity.stream)
    }
  }
}

/// Events beyond Twilio's that a bot is sent once it has asked for them with `subscribe`.
enum MediaStreamExtra: String, CaseIterable {
  /// The caller let the time pass.
  case noInput
  /// The caller spoke or keyed over the bot.
  case interrupted
  /// The caller's turn began or ended, by the gateway's own detection.
  case speech
  /// A whole entry of digits, after its `dtmf` messages.
  case digits
  /// An event of the flow designer.
  case custom
  /// The caller's turn may be over. Who asks for this is also told how it came out.
  case turnMayBeOver
  /// The caller goes on, after ``turnMayBeOver``.
  case turnResumed
  /// The turn is over, after ``turnMayBeOver``.
  case turnOver
}
