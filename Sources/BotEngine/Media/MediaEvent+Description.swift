// What people say, and their names, stay out of logs: `"\(event)"` tells the kind and the size.

extension MediaEvent: CustomStringConvertible, CustomDebugStringConvertible {
  /// The event's kind and measure, fit for logs: no names, samples or pictures.
  public var description: String {
    switch self {
    case .sourceAdded(let source): "source added (\(source.role.rawValue))"
    case .sourceRemoved: "source removed"
    case .roster(let participants): "roster (\(participants.count))"
    case .audio(let audio): "audio (\(audio))"
    case .video(let video): "video (\(video))"
    case .sensitive(let isSensitive): "sensitive (\(isSensitive))"
    case .ended(let end): "ended (\(end.rawValue))"
    }
  }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension MediaAudio: CustomStringConvertible, CustomDebugStringConvertible {
  /// How much audio of which rate from where: no samples.
  public var description: String { "\(samples.count) samples at \(sampleRate) Hz from \(milliseconds) ms" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension MediaVideo: CustomStringConvertible, CustomDebugStringConvertible {
  /// How large the frame is, and where it lies: no picture.
  public var description: String { "\(data.count) bytes at \(milliseconds) ms" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension MediaParticipant: CustomStringConvertible, CustomDebugStringConvertible {
  /// The id: no name.
  public var description: String { "participant \(id)" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

extension MediaSessionInfo: CustomStringConvertible, CustomDebugStringConvertible {
  /// Which session it is, fit for logs: nothing of what the flow hands over.
  public var description: String { "\(kind.rawValue) \(conversation) of \(organization)" }

  /// The same as ``description``.
  public var debugDescription: String { description }
}
