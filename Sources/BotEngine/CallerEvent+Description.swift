// What callers say and key, and what is said about them, stays out of logs: `"\(event)"` tells the kind and the size.

extension CallerEvent: CustomStringConvertible, CustomDebugStringConvertible {
  /// The event's kind and measure, fit for logs: no digits, names, parameters or samples.
  public var description: String {
    switch self {
    case .started: "started"
    case .audio(let audio): "audio (\(audio))"
    case .speechStarted(let offset): "speech started (at \(offset) ms)"
    case .speechEnded(let offset): "speech ended (at \(offset) ms)"
    case .digits(let digits): "digits (\(digits.count))"
    case .noInput: "no input"
    case .custom(_, let parameters): "custom event (\(parameters.count) parameters)"
    case .interrupted(let played, let characters):
      "interrupted (after \(played) ms\(characters.map { ", \($0) characters" } ?? ""))"
    case .mark(_, let played): played ? "mark played" : "mark dropped"
    case .ended(let end): "ended (\(end.rawValue))"
    }
  }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension CallerAudio: CustomStringConvertible, CustomDebugStringConvertible {
  /// How much audio of which rate from where: no samples.
  public var description: String { "\(samples.count) samples at \(sampleRate) Hz from \(offset) ms" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension CallInfo: CustomStringConvertible, CustomDebugStringConvertible {
  /// Which call it is, fit for logs: nothing of what the flow designer or the configuration hand over.
  public var description: String { "call \(conversation) of \(organization) to \(agent)" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}
