import BotEngine
import ReplayKit
import WebSocketClient
import WebSockets

// What ends a socket, and who may open one.
extension ConformanceCase {
  static let fatalMessages: [ConformanceCase] = [
    fatal("socket: repeated number", "socket.number-repeated", "bad_request", 1002) { talk in
      let repeated = BotValue.number(Double(talk.messages.sequence))
      talk.send(
        talk.messages.request(SocketMessages.event("NO_INPUT"), envelope: ["seq": repeated]), "NO_INPUT with an old seq"
      )
    },
    fatal("socket: malformed", "socket.malformed", "bad_request", 1002) { talk in
      talk.send(Array(#"{"type": "VOICE_VA_REQUEST", "seq": "#.utf8), "half a message")
    },
    fatal("socket: binary", "socket.binary", "bad_request", 1003) { talk in
      talk.line.send([0, 1, 2, 3], as: .binary, "a binary frame")
    },
    fatal("socket: format", "socket.media", "unsupported_media", 1003) { talk in
      talk.send(
        talk.messages.audio([UInt8](repeating: 0, count: 640), encoding: "OPUS_FORMAT", rate: 48_000), "audio in Opus")
    },
    fatal("socket: another conversation", "socket.conversation-fixed", "bad_request", 1002) { talk in
      let other = BotValue.string(RandomID.make())
      talk.send(
        talk.messages.request(
          SocketMessages.event("NO_INPUT"), payload: ["conversation_id": other], envelope: ["conversation_id": other]),
        "NO_INPUT of another conversation")
    },
    fatal("socket: second start", "socket.start-once", "bad_request", 1002) { talk in
      talk.send(talk.messages.event("SESSION_START"), "a second SESSION_START")
    },
    ConformanceCase("socket: another organization") { bench in
      try await SocketTalk.greeted(bench, ["socket.organization-fixed"]) { talk in
        let before = talk.line.count
        talk.send(
          talk.messages.request(
            SocketMessages.event("NO_INPUT"),
            payload: ["customer_org_id": .string("00000000-0000-4000-8000-00000000beef")]),
          "NO_INPUT of another organization")
        let hasEnded = await talk.line.wait(.seconds(5)) { $0.end != nil }
        let isAnswered = talk.line.sights(from: before).contains { sight in
          if case .response(let response) = sight.content { response.isAnswer } else { false }
        }
        guard hasEnded, !isAnswered, talk.line.end?.closeCode != 1000 else {
          let seen = isAnswered ? "It was answered." : "The socket was not given up."
          return [.failed("socket.organization-fixed", seen, talk.line.lines)]
        }
        return [.passed("socket.organization-fixed")]
      }
    },
    ConformanceCase("socket: unknown agent") { bench in
      try await unstarted(bench, "socket.unknown-agent", agent: "no-such-agent-\(RandomID.make().prefix(8))") { talk in
        talk.send(talk.messages.event("SESSION_START"), "SESSION_START for an unknown agent")
        return await talk.givenUp("socket.unknown-agent", "bad_request", 404, closeCode: 1002)
      }
    },
    ConformanceCase("socket: start first") { bench in
      try await unstarted(bench, "socket.start-first") { talk in
        talk.send(talk.messages.event("NO_INPUT"), "NO_INPUT as the first message")
        return await talk.givenUp("socket.start-first", "bad_request", closeCode: 1002)
      }
    },
    ConformanceCase("socket: nothing said") { bench in
      try await unstarted(bench, "socket.start-in-time") { talk in
        await talk.givenUp("socket.start-in-time", "timeout", 408, closeCode: 1008, within: .seconds(20))
      }
    },
    ConformanceCase("socket: huge message") { bench in
      try await SocketTalk.greeted(bench, ["audio.huge"]) { talk in
        talk.send(talk.messages.audio([UInt8](repeating: 0xFF, count: 4_000_000)), "a message of 5 MB")
        _ = await talk.line.wait(.seconds(3)) { $0.end != nil }
        // A server that is down for others now has broken the rule too.
        return try await accepted(bench, "audio.huge") { $0.event("SESSION_START") }.map { one in
          one.verdict == .skipped ? .failed(one.rule, one.seen, talk.line.lines) : one
        }
      }
    },
  ]

  static let twoSockets: [ConformanceCase] = [
    ConformanceCase("socket: second socket") { bench in
      let rules = ["socket.second-socket", "socket.first-socket-lives"]
      return try await SocketTalk.greeted(bench, rules) { first in
        var second: SocketTalk
        do throws(WebSocketError) {
          second = try await .open(bench, conversation: first.messages.conversation)
        } catch { return rules.map { .skipped($0, "The second socket did not open: \(error.message)") } }
        defer { second.line.close() }
        second.send(second.messages.event("SESSION_START"), "SESSION_START of the same conversation")
        let judged = await second.givenUp(rules[0], "bad_request", 409, closeCode: 1002)
        let before = first.line.count
        first.send(first.messages.keys(bench.plan.keys.map(\.socketName)), "keys on the first socket")
        let isAnswered = await first.line.answer(from: before) != nil
        return [
          judged,
          isAnswered
            ? .passed(rules[1])
            : .failed(rules[1], "The first socket gets no answers any more.", first.line.lines),
        ] + second.errorForm
      }
    }
  ]

  static let upgrades: [ConformanceCase] = [
    ConformanceCase("socket: refusal") { bench in
      try await refused(bench, "socket.unauthorized", "Bearer garbage", path: SocketRoute.path)
    },
    ConformanceCase("socket: bare token") { bench in
      guard let token = bench.plan.route.token else { return [.skipped("socket.bearer", "There is no token.")] }
      return try await refused(bench, "socket.bearer", token, path: SocketRoute.path)
    },
    ConformanceCase("socket: list without a token") { bench in
      try await refused(bench, "agent.list-guarded", nil, path: SocketRoute.listPath)
    },
  ]

  /// The upgrade has to be refused with 401.
  private static func refused(
    _ bench: Bench, _ rule: String, _ authorization: String?, path: String
  ) async throws -> [Judgement] {
    guard let route = bench.plan.route.socket, let address = route.address.at(path) else { return [] }
    do throws(WebSocketError) {
      let line = try await ProbeSocket.open(route, to: address, authorization: authorization, conversation: "")
      line.close()
      return [.failed(rule, "The upgrade was granted.", ["     0 ms  server  101 Switching Protocols"] + line.lines)]
    } catch {
      guard error.status == 401 else { return [.failed(rule, error.message, ["     0 ms  server  \(error.message)"])] }
      return [.passed(rule)]
    }
  }

  /// A message that ends a conversation that was greeted.
  private static func fatal(
    _ name: String, _ rule: String, _ code: String, _ closeCode: Int,
    _ send: @escaping @Sendable (inout SocketTalk) -> Void
  ) -> ConformanceCase {
    ConformanceCase(name) { bench in
      try await SocketTalk.greeted(bench, [rule]) { talk in
        send(&talk)
        return [await talk.givenUp(rule, code, closeCode: closeCode)]
      }
    }
  }

  /// A socket on which nothing was said yet.
  private static func unstarted(
    _ bench: Bench, _ rule: String, agent: String? = nil, _ play: (inout SocketTalk) async -> Judgement
  ) async throws -> [Judgement] {
    var talk: SocketTalk
    do throws(WebSocketError) { talk = try await .open(bench, agent: agent) } catch {
      return [.skipped(rule, "The socket did not open: \(error.message)")]
    }
    defer { talk.line.close() }
    return [await play(&talk)] + talk.errorForm
  }
}
