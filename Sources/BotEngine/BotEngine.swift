/// A bot that can hold calls.
///
/// The gateway makes one value of the engine for an agent and calls ``converse(_:)`` once for each call, in a task of
/// its own. The engine reads ``BotCall/events`` and answers with commands. Everything about Webex's many RPCs, turns,
/// voice activity and playout is the gateway's: an engine sees one call from its start to its end.
///
/// ```swift
/// struct Parrot: BotEngine {
///   func converse(_ call: BotCall) async throws {
///     for await event in call.events {
///       switch event {
///       case .started: call.endTurn(saying: "What shall I say?")
///       case .digits(let digits): call.endTurn(saying: "You pressed \(digits).")
///       default: break
///       }
///     }
///   }
/// }
/// ```
public protocol BotEngine: Sendable {
  /// The caller audio the engine wants to be given; audio it does not want costs nothing.
  var audioDelivery: CallerAudioDelivery { get }

  /// Whether the engine prepares its answer while the caller's turn may be over: it takes ``BotCall/eagerEvents`` then.
  /// Never, unless it says otherwise.
  var eagerEnds: EagerEnds { get }

  /// Whether a call may go on with another run of this engine, at another server: what the caller said before is known there
  /// only as far as the bot has kept it, by the conversation's id (``CallInfo/isResumed``) or with
  /// ``BotCommand/keep(_:)``. Then a server of a cluster that
  /// ends hands its calls over between two turns. Not, unless it says otherwise: a call stays where it is to its end.
  var resumes: Bool { get }

  /// Holds one call. Returning ends the bot's part: if the call is still up, the caller is transferred to an agent,
  /// as when an error is thrown. The task is cancelled some seconds after ``CallerEvent/ended(_:)``.
  ///
  /// The task prefers the call's own thread. Waiting is free; blocking or long computing delays other calls, so move it
  /// elsewhere.
  func converse(_ call: BotCall) async throws
}

extension BotEngine {
  /// Audio within the caller's turns only.
  public var audioDelivery: CallerAudioDelivery { .turns }

  /// Never.
  public var eagerEnds: EagerEnds { .never }

  /// Not.
  public var resumes: Bool { false }
}

/// Whether an engine is told that the caller's turn may be over, so that its answer is ready when it is
/// (``TurnEvent``).
public enum EagerEnds: String, Sendable, CaseIterable {
  /// It is not.
  case never
  /// Where the agent's configuration says `eager: true`: each wrong guess costs the bot an answer.
  case onRequest
  /// Unless the agent's configuration says `eager: false`.
  case always
}

extension EagerEnds {
  /// Whether the bot of an agent is told, by what the agent's configuration says of it.
  public func areTold(agent wish: Bool?) -> Bool {
    switch self {
    case .never: false
    case .onRequest: wish ?? false
    case .always: wish ?? true
    }
  }
}

/// Which part of the caller's audio an engine is given.
public enum CallerAudioDelivery: String, Sendable, CaseIterable {
  /// None: the engine lives on digits and events.
  case none
  /// From the pre-roll before the caller starts to speak until the end of the turn.
  case turns
  /// Every frame, silence too.
  case everything
}
