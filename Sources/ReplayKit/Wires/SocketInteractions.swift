import WebexProtocol

/// The interactions of a call over one socket: which of them a message of the server answers, and when each is over. Over
/// gRPC each has an RPC of its own; here no message says which interaction it belongs to.
///
/// A pure value. Interactions have the numbers that the caller gives its RPCs.
struct SocketInteractions: Sendable, Equatable {
  /// What becomes of a message of the server.
  struct Reception: Sendable, Equatable {
    /// The interaction that it belongs to; `nil` where none waits for anything.
    var rpc: Int?
    /// Interactions that are over with it, once it was taken in.
    var completed: [Int] = []
  }

  private enum Purpose: Sendable, Equatable {
    /// Nothing was sent yet.
    case unknown
    /// Caller audio.
    case audio
    /// One message that is answered.
    case question
    /// One message that is not.
    case notice
    /// The caller has hung up: the server closes.
    case farewell
  }

  private struct Interaction: Sendable, Equatable {
    let rpc: Int
    var purpose = Purpose.unknown
    /// END_OF_INPUT came, so an answer follows.
    var hasEnd = false
    /// A part of its answer came, so that a FINAL follows.
    var hasBegun = false

    var expectsAnswer: Bool { purpose == .question || purpose == .audio && hasEnd }
  }

  private var lines: [Interaction] = []

  /// Those that are not over, the oldest first.
  var rpcs: [Int] { lines.map(\.rpc) }

  // MARK: From the caller

  mutating func open(_ rpc: Int) { lines.append(Interaction(rpc: rpc)) }

  /// An event or keys were sent.
  ///
  /// - Returns: the interactions that are over with it.
  mutating func sent(_ input: VoiceRequest.Input, on rpc: Int) -> [Int] {
    guard let index = lines.firstIndex(where: { $0.rpc == rpc }) else { return [] }
    switch input {
    case .event(let event) where event.kind == .sessionEnd: lines[index].purpose = .farewell
    case .event(let event) where event.kind == .startOfDTMF:
      // On an interaction of its own, or as the last message of one with audio.
      let isOwn = lines[index].purpose == .unknown
      if isOwn { lines[index].purpose = .notice }
      return remove { $0.rpc < rpc && $0.expectsAnswer && !$0.hasBegun || isOwn && $0.rpc == rpc }
    default: lines[index].purpose = .question
    }
    return []
  }

  mutating func sentAudio(on rpc: Int) {
    guard let index = lines.firstIndex(where: { $0.rpc == rpc }), lines[index].purpose == .unknown else { return }
    lines[index].purpose = .audio
  }

  /// Nothing more is sent on it. Audio whose end the server has not heard is never answered then.
  ///
  /// - Returns: the interactions that are over with it.
  mutating func halfClose(_ rpc: Int) -> [Int] {
    remove { $0.rpc == rpc && !$0.expectsAnswer && $0.purpose != .farewell }
  }

  mutating func cancel(_ rpc: Int) { lines.removeAll { $0.rpc == rpc } }

  // MARK: From the server

  mutating func received(_ response: VoiceResponse) -> Reception {
    let event = response.events.first?.kind
    switch event {
    case .startOfInput: return startOfInput(response)
    case .endOfInput:
      guard let index = lines.lastIndex(where: { $0.purpose == .audio && !$0.hasEnd }) else { break }
      lines[index].hasEnd = true
      var reception = Reception(rpc: lines[index].rpc)
      if response.kind == .final, !response.prompts.isEmpty || response.inputMode != nil {
        reception.completed = complete(index)
      }
      return reception
    default: break
    }
    // Audio is answered too where the server has not told the end of it.
    let place = lines.firstIndex { $0.expectsAnswer } ?? lines.lastIndex { $0.purpose == .audio }
    guard let index = place else { return Reception() }
    lines[index].hasBegun = true
    var reception = Reception(rpc: lines[index].rpc)
    guard response.kind == .final else { return reception }
    switch event {
    case .sessionEnd, .transferToAgent, .noInput:
      reception.completed = rpcs
      lines = []
    default: reception.completed = complete(index)
    }
    return reception
  }

  private mutating func startOfInput(_ response: VoiceResponse) -> Reception {
    guard let index = lines.lastIndex(where: { $0.purpose == .audio && !$0.hasEnd }) ?? lines.indices.last else {
      return Reception()
    }
    let rpc = lines[index].rpc
    var reception = Reception(rpc: rpc)
    // Answers that are interrupted before they have begun are never given.
    reception.completed = remove { $0.rpc < rpc && $0.expectsAnswer && !$0.hasBegun }
    if response.kind == .final, !response.prompts.isEmpty, let index = lines.firstIndex(where: { $0.rpc == rpc }) {
      reception.completed += complete(index)
    }
    return reception
  }

  private mutating func complete(_ index: Int) -> [Int] { [lines.remove(at: index).rpc] }

  private mutating func remove(where isOver: (Interaction) -> Bool) -> [Int] {
    let over = lines.filter(isOver).map(\.rpc)
    lines.removeAll(where: isOver)
    return over
  }
}
