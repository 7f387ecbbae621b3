import BotEngine
import WebSocketClient
import WebSockets

extension RealtimeConversation {
  /// Items of one turn that are kept to be truncated.
  private static let maximumItems = 256

  /// Events with wrong members that are passed over before the server is given up.
  static let maximumFaults = 20

  static func read(_ message: WebSocketMessage) -> Result<RealtimeServerEvent, RealtimeServerEvent.FormatError> {
    Result { () throws(RealtimeServerEvent.FormatError) in try RealtimeServerEvent(message.bytes) }
  }

  mutating func receive(
    _ event: Result<RealtimeServerEvent, RealtimeServerEvent.FormatError>, bytes: Int, now: Duration
  ) -> [Action] {
    switch event {
    case .success(let event): return receive(event, now: now)
    case .failure(let error):
      ignored += 1
      let isBeyondRepair = error != .badMembers || ignored > Self.maximumFaults
      return isBeyondRepair ? [.fail(BotFailure(.garbage, "The server sent \(error.rawValue)."))] : []
    }
  }

  /// The server said something.
  mutating func receive(_ event: RealtimeServerEvent, now: Duration) -> [Action] {
    let actions = act(on: event, now: now)
    settleCancelDeadline(now)
    return actions
  }

  private mutating func act(on event: RealtimeServerEvent, now: Duration) -> [Action] {
    switch event {
    case .sessionUpdated(let input, let output):
      // A server that went another way is followed.
      if let unusable = [input, output].compactMap({ $0 }).first(where: { !$0.isUsable }) {
        return [
          .fail(
            BotFailure(
              .garbage, "The server's session has audio at \(unusable.sampleRate) Hz, which cannot be converted."))
        ]
      }
      if let input { self.input = input }
      if let output { self.output = output }
      return becomeReady()
    case .responseCreated(let id):
      if answer == .cancelled {
        abandon(id)
        guesses.named(cancelled: id)
      } else if !isAbandoned(id) {
        answer = .active(id)
      }
      return []
    case .committed(let item): return deletions(guesses.named(item: item))
    case .itemAdded(let response, let item):
      return added([item], to: response, isDone: answer != .cancelled)
    case .audio(let response, let item, let contentIndex, let bytes):
      let duration = Duration.microseconds(output.microseconds(ofBytes: bytes.count))
      let isWanted = isWanted(response)
      if isWanted ? flood.spoke(duration, now: now) : flood.wasted(duration) {
        return [.fail(BotFailure(.flooded, "The server sends audio much faster than it can be heard."))]
      }
      guard isWanted, !bytes.isEmpty else { return [] }
      count(bytes.count, of: item, contentIndex)
      return [.command(.audio(output.audio(bytes)))]
    case .text(let response, let text):
      return isWanted(response) && !text.isEmpty ? [.command(.text(text, bargeIn: true))] : []
    case .spoken(let response, let text):
      return text.isEmpty || guesses.isVain(response) ? [] : [.command(.transcript(speaker: .agent, text: text))]
    case .heard(let item, let text):
      return text.isEmpty || guesses.isDeleted(item) ? [] : [.command(.transcript(speaker: .caller, text: text))]
    case .speechStarted:
      // The server has heard the caller speak over it and gives up its response: what waits is not to be heard.
      return session.detectsTurns && answer != .none ? [.command(.clear)] : []
    case .responseDone(let response): return done(response)
    case .error(let failure): return failed(failure)
    case .other: return []
    }
  }

  /// Whether a response is the one that is on its way. Some servers do not say beforehand which that is.
  private mutating func isWanted(_ response: String) -> Bool {
    switch answer {
    case .none, .cancelled: return false
    case .requested:
      guard !isAbandoned(response) else { return false }
      answer = .active(response)
      return true
    case .active(let id): return response == id || response.isEmpty
    }
  }

  private mutating func count(_ bytes: Int, of item: String, _ contentIndex: Int) {
    let duration = output.microseconds(ofBytes: bytes)
    if let last = items.indices.last, items[last].id == item, items[last].contentIndex == contentIndex {
      items[last].microseconds += duration
    } else if items.count < Self.maximumItems {
      items.append(Item(id: item, contentIndex: contentIndex, microseconds: duration))
    }
  }

  private mutating func done(_ response: RealtimeResponse) -> [Action] {
    if answer == .cancelled { guesses.named(cancelled: response.id) }
    let deleted = added(response.items, to: response.id, isDone: true)
    switch answer {
    case .none: return deleted
    case .active(let id) where id != response.id && !response.id.isEmpty: return deleted
    case .cancelled: return deleted + freed()
    case .requested where isAbandoned(response.id): return deleted
    case .requested, .active: answer = .none
    }
    if let failure = response.failure { return [.fail(failure.botFailure)] }
    if response.status == "cancelled" {
      // The server gave up its own response because the caller speaks: the turn is the caller's already.
      if session.detectsTurns { return ask() }
      // Late word of one that was given up before it had a name: the one that was asked for since is still to come.
      abandon(response.id)
      answer = .requested
      return deleted
    }
    guard !response.calls.isEmpty else { return endTurn() }
    guard !guesses.isOpen else {
      guesses.hold(response.calls)
      return []
    }
    return carryOut(response.calls)
  }

  /// Items of a response: those of a guess that was wrong are deleted.
  private mutating func added(_ items: [String], to response: String, isDone: Bool) -> [Action] {
    let isWanted =
      switch answer {
      case .none, .cancelled: false
      case .requested: !isAbandoned(response)
      case .active(let id): response == id || response.isEmpty
      }
    return deletions(guesses.added(items, to: response, isWanted: isWanted, isDone: isDone))
  }

  private mutating func endTurn() -> [Action] {
    defer { mustRestoreInput = false }
    return endTurn(mustRestoreInput ? BotInputSettings() : nil)
  }

  /// A server that ends the caller's turn by its answer does so by one without a word too.
  private func endTurn(_ settings: BotInputSettings?) -> [Action] {
    (session.endsTurns ? [.command(.endInput)] : []) + [.command(.endTurn(settings))]
  }

  // MARK: Functions

  mutating func carryOut(_ calls: [RealtimeResponse.FunctionCall]) -> [Action] {
    rounds += 1
    var actions: [Action] = []
    var outputs: [Action] = []
    for call in calls {
      switch RealtimeSettings.Tool(rawValue: call.name) {
      case .transfer: return actions + [transfer(call.arguments)]
      case .end: return actions + [.command(.end)]
      case .digits where collecting == nil:
        collecting = call.id
        actions += collect(call.arguments)
      case .digits, nil:
        outputs.append(
          .send(RealtimeClientEvent.functionOutput(call: call.id, .object(["error": .string("not available")]))))
      }
    }
    // With an entry under way the bot has to wait for the caller; without, it is to go on.
    guard collecting == nil else { return outputs + actions }
    guard rounds < Self.maximumRounds else {
      return [.fail(BotFailure(.garbage, "The server calls functions over and over: \(rounds) times in one turn."))]
    }
    wanted = (nil, true)
    return outputs + ask()
  }

  private func transfer(_ arguments: [String: BotValue]) -> Action {
    var metadata = arguments
    var summary: String?
    if case .string(let text)? = metadata.removeValue(forKey: "summary"), !text.isEmpty { summary = text }
    if summary == nil, case .string(let text)? = arguments["reason"], !text.isEmpty { summary = text }
    return .command(.transfer(summary: summary, metadata: metadata))
  }

  private mutating func collect(_ arguments: [String: BotValue]) -> [Action] {
    var settings = BotInputSettings(mode: .digits)
    if case .number(let count)? = arguments["count"], (1...128).contains(count) { settings.digitCount = Int(count) }
    if case .string(let key)? = arguments["terminator"], key.count == 1 { settings.terminator = key.first }
    mustRestoreInput = true
    var actions: [Action] = []
    if case .bool(true)? = arguments["sensitive"] { actions.append(setSensitive()) }
    return actions + endTurn(settings)
  }

  // MARK: Errors

  private mutating func failed(_ failure: RealtimeFailure) -> [Action] {
    switch failure.code {
    case "response_cancel_not_active":
      // It was done before it could be cancelled; that it was done came first.
      return answer == .cancelled ? freed() : []
    case "input_audio_buffer_commit_empty": guesses.commitRefused()
    case "conversation_already_has_active_response":
      // The server answers by itself: ours comes after.
      guard answer == .requested else { return [] }
      answer = .cancelled
      wanted.isSet = true
      return []
    default: break
    }
    let isOurs = failure.event == RealtimeClientEvent.sessionID || failure.event == RealtimeClientEvent.responseID
    if !isReady || isOurs || failure.endsSession { return [.fail(failure.botFailure)] }
    ignored += 1
    return []
  }
}

extension RealtimeFailure {
  /// Whether nothing more can be expected of the session. Most errors are about one event, and the session goes on.
  fileprivate var endsSession: Bool {
    type != "invalid_request_error" || code == "session_expired" || code.hasPrefix("rate_limit")
      || code == "insufficient_quota" || code == "invalid_api_key"
  }

  /// The same for the gateway.
  fileprivate var botFailure: BotFailure {
    let name = [type, code].filter { !$0.isEmpty }.joined(separator: ", ")
    return BotFailure(.refused, "The server reports an error: \(name.isEmpty ? "unnamed" : name).")
  }
}
