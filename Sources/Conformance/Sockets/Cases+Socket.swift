import BotEngine
import ReplayKit
import WebSocketClient
import WebSockets
import WebexProtocol
import WebexSocketProtocol

// What only the WebSocket wire has: the envelope, its numbers, PING, what a client may send, what ends a socket.
extension ConformanceCase {
  static let sockets: [ConformanceCase] =
    (wholeSocket + tolerance + fatalMessages + twoSockets + upgrades + agentLists).map { one in
      var own = one
      own.isForSockets = true
      own.isForSocketsOnly = true
      return own
    }

  private static let wholeSocket: [ConformanceCase] = [
    ConformanceCase("socket: conversation") { bench in
      let rules = SocketMessageCheck.rules + ["socket.text-frames", "socket.ping", "socket.stays-open", "socket.close"]
      return try await SocketTalk.greeted(bench, rules) { talk in
        var found: [Judgement] = [await ping(&talk)]
        let before = talk.line.count
        await talk.say(bench.words.frames.flatMap { $0 })
        _ = await talk.keepSilent(.seconds(10)) { line in
          line.sights(from: before).contains { if case .response(let one) = $0.content { one.isAnswer } else { false } }
        }
        let between = talk.line.count
        talk.send(talk.messages.event("START_OF_DTMF"), "START_OF_DTMF")
        talk.send(talk.messages.keys(bench.plan.keys.map(\.socketName)), "keys")
        let answer = await talk.line.answer(from: between)
        if let end = talk.line.end {
          found.append(.failed("socket.stays-open", "The server ended the socket: \(end.text)", talk.line.lines))
        } else if answer != nil {
          found.append(.passed("socket.stays-open"))
        }
        found.append(await hangUp(&talk))
        return found + form(talk.line)
      }
    },
    ConformanceCase("socket: pings") { bench in
      try await SocketTalk.greeted(bench, ["socket.ping-frames"], pings: .milliseconds(1500)) { talk in
        // The second ping goes out where the first was answered.
        let hasEnded = await talk.line.wait(.seconds(4)) { $0.end != nil }
        guard hasEnded, let end = talk.line.end else { return [.passed("socket.ping-frames")] }
        return [
          .failed("socket.ping-frames", end.isDeaf ? "A ping was not answered in 1.5 s." : end.text, talk.line.lines)
        ]
      }
    },
    ConformanceCase("socket: late audio") { bench in
      guard let cue = bench.plan.transfer else {
        return [.skipped("socket.late-audio", "Say what brings the bot to transfer: --transfer CUE.")]
      }
      return try await SocketTalk.greeted(bench, ["socket.late-audio"]) { talk in
        var isTransferred = false
        for step in cue.steps {
          let before = talk.line.count
          switch step {
          case .keys(let keys): talk.send(talk.messages.keys(keys.map(\.socketName)), "keys")
          case .event(let name): talk.send(talk.messages.event("CUSTOM_EVENT", name: name), "CUSTOM_EVENT \(name)")
          case .speech: break
          }
          isTransferred = await talk.line.answer(from: before)?.events.contains("TRANSFER_TO_AGENT") ?? false
        }
        guard isTransferred else { return [.skipped("socket.late-audio", "The bot did not transfer.")] }
        await talk.say([UInt8](bench.words.frames.joined().prefix(8000)))
        if let error = talk.error {
          return [.failed("socket.late-audio", "Audio after the transfer got an ERROR \(error.code).", talk.line.lines)]
        }
        if let end = talk.line.end, end.closeCode != 1000 {
          return [.failed("socket.late-audio", end.text, talk.line.lines)]
        }
        return [.passed("socket.late-audio")]
      }
    },
  ]

  /// A JSON PING is answered with its own number.
  private static func ping(_ talk: inout SocketTalk) async -> Judgement {
    let before = talk.line.count
    talk.send(talk.messages.ping(), "PING \(talk.messages.sequence)")
    let wanted = talk.messages.sequence
    var number: Int?
    _ = await talk.line.wait(.seconds(5)) { line in
      number = line.sights(from: before).first { $0.content == .pong }?.sequence
      return number != nil
    }
    guard let number else { return .failed("socket.ping", "There was no PONG within 5 s.", talk.line.lines) }
    return number == wanted
      ? .passed("socket.ping")
      : .failed("socket.ping", "The PONG of PING \(wanted) has seq \(number).", talk.line.lines)
  }

  private static func hangUp(_ talk: inout SocketTalk) async -> Judgement {
    talk.send(talk.messages.event("SESSION_END"), "SESSION_END")
    guard await talk.line.wait(.seconds(5), until: { $0.end != nil }), let end = talk.line.end else {
      return .failed("socket.close", "The socket stayed open for 5 s after SESSION_END.", talk.line.lines)
    }
    return end.closeCode == 1000 ? .passed("socket.close") : .failed("socket.close", end.text, talk.line.lines)
  }

  /// The form of all messages of a socket.
  private static func form(_ line: ProbeSocket) -> [Judgement] {
    let breaches = line.breaches
    return (SocketMessageCheck.rules + ["socket.text-frames"]).map { rule in
      guard let first = breaches.first(where: { $0.rule == rule }) else { return .passed(rule) }
      return .failed(rule, first.seen, line.lines)
    }
  }

  // MARK: What the real client sends

  private static let tolerance: [ConformanceCase] = [
    ConformanceCase("socket: unknown fields") { bench in
      try await accepted(bench, "socket.unknown-fields") { messages in
        messages.request(
          [
            "event_input": .object([
              "event_type": .string("SESSION_START"), "name": .string(""), "parameters": .list([]), "later": .number(1),
            ])
          ], payload: ["added_in_2027": .object(["a": .list([.null, .bool(true)])])],
          envelope: ["trace": .string("abc")])
      }
    },
    ConformanceCase("socket: maps") { bench in
      let pairs = BotValue.list([.object(["key": .string("lang"), "value": .string("en-US")])])
      for (map, null) in [(pairs, BotValue.list([])), (.object(["lang": .string("en-US")]), .null)] {
        let judged = try await accepted(bench, "socket.maps") { messages in
          messages.request(
            SocketMessages.event("SESSION_START", parameters: map),
            payload: ["additional_info": null, "vendor_specific_config": .null], envelope: ["metadata": null])
        }
        if judged.contains(where: { $0.verdict != .passed }) { return judged }
      }
      return [.passed("socket.maps")]
    },
    ConformanceCase("socket: junk") { bench in
      try await SocketTalk.greeted(bench, ["audio.junk", "socket.no-audio"]) { talk in
        func judged(_ rule: String, _ what: String) async -> Judgement {
          let before = talk.line.count
          talk.send(talk.messages.ping(), "PING \(talk.messages.sequence)")
          let isAlive = await talk.line.wait(.seconds(5)) { line in
            line.sights(from: before).contains { $0.content == .pong }
          }
          let isSpeech = talk.line.sights().contains { sight in
            if case .response(let one) = sight.content { one.events.contains("START_OF_INPUT") } else { false }
          }
          if isSpeech { return .failed(rule, "START_OF_INPUT came.", talk.line.lines) }
          return isAlive && talk.error == nil && talk.line.end == nil
            ? .passed(rule) : .failed(rule, "The server does not go on after \(what).", talk.line.lines)
        }
        for count in [1, 15, 7, 3, 12] {
          talk.send(talk.messages.audio([UInt8](repeating: 0x5A, count: count)), "\(count) bytes of audio")
        }
        let junk = await judged("audio.junk", "packets of 1 to 15 bytes")
        guard junk.verdict == .passed else { return [junk] }
        talk.send(talk.messages.audio(nil), "an audio message without audio")
        return [junk, await judged("socket.no-audio", "an audio message without audio")]
      }
    },
  ]

  /// A first message that has to be taken: a greeting comes.
  static func accepted(
    _ bench: Bench, _ rule: String, _ first: (inout SocketMessages) -> [UInt8]
  ) async throws -> [Judgement] {
    var talk: SocketTalk
    do throws(WebSocketError) { talk = try await .open(bench) } catch {
      return [.skipped(rule, "The socket did not open: \(error.message)")]
    }
    defer { talk.line.close() }
    talk.send(first(&talk.messages), "SESSION_START")
    let isGreeted = await talk.line.answer(from: 0) != nil
    let seen = talk.error.map { "It got an ERROR \($0.code)." } ?? "It got no greeting."
    return [isGreeted ? .passed(rule) : .failed(rule, seen, talk.line.lines)] + talk.errorForm
  }
}
