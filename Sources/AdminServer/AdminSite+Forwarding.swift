public import HTTPServing

/// What others are asked for instead of this process: for a request, `nil` where there is nothing to ask. Called on the
/// port's one thread: it must not wait, and what it returns may.
public typealias AdminForward = @Sendable (ServerRequest) -> (@Sendable () async -> ForwardedAnswer)?

/// What others said.
public enum ForwardedAnswer: Sendable {
  /// The answer.
  case response(ServerResponse)
  /// What the dashboard shows.
  case status(StatusSnapshot)
}

extension AdminSite {
  /// Has others asked for an answer; `nil` where this process answers, as it does who is refused.
  func forwarding(of request: ServerRequest) -> (@Sendable () async -> ServerResponse)? {
    guard let forward = forward() else { return nil }
    var request = request
    let isReading = ["GET", "HEAD"].contains(request.method)
    if callEnding != nil, CallEnding.ids(in: request.path) != nil {
      guard !isReading, !request.isOfAnotherOrigin, let given = Self.credential(request.authorization),
        CallEnding.asksForEnd(request.body)
      else { return nil }
      // This port's own token is good for every call; others do not know it.
      if token().map({ Self.isEqual(given, $0) }) ?? false {
        request.fields.removeAll { $0.name.lowercased() == "authorization" }
      }
    } else {
      guard isReading || !request.isOfAnotherOrigin else { return nil }
      let isOpen = isReading || questions()[request.path] != nil
      guard isOpen ? refusal(of: request) == nil : actionRefusal(of: request) == nil else { return nil }
    }
    guard let work = forward(request) else { return nil }
    return {
      switch await work() {
      case .response(let response): response
      case .status(let status): shown(status)
      }
    }
  }

  /// What the dashboard shows, with what is this port's to say.
  func shown(_ status: StatusSnapshot) -> ServerResponse {
    var status = status
    status.verdict = Verdict(on: status)
    status.canAct = token() != nil
    status.pages = pages().keys.sorted()
    return .json(200, status)
  }
}
