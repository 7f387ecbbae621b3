/// What happens in a session, in order. Audio of different sources comes in the order of its arrival, to about a tenth of
/// a second: ``MediaAudio/position`` tells what was heard when.
public enum MediaEvent: Sendable {
  /// Somebody is heard or seen for the first time; comes before their media.
  case sourceAdded(MediaSource)
  /// A leg was given up or a participant left; may come again with ``sourceAdded(_:)``.
  case sourceRemoved(id: String)
  /// Who takes part in the meeting now: everybody, after each change.
  case roster([MediaParticipant])
  /// A stretch of one source's audio.
  case audio(MediaAudio)
  /// A video frame.
  case video(MediaVideo)
  /// From here on, what is heard must not be stored (`true`), or may be again (`false`).
  case sensitive(Bool)
  /// The session is over; no event follows.
  case ended(MediaEnd)
}

/// A source of media: a leg of a conversation, or a participant of a meeting.
public struct MediaSource: Sendable, Hashable {
  /// What part the source has in the conversation.
  public enum Role: String, Sendable {
    /// The caller of a contact center.
    case caller
    /// The human or virtual agent.
    case agent
    /// Somebody in a meeting.
    case participant
    /// The platform did not say.
    case unknown
  }

  /// Unique within the session, and the same for a leg that was lost and came again.
  public var id: String
  /// What part the source has.
  public var role: Role
  /// The platform's own id of the leg or the participant; may be empty.
  public var platformID: String

  /// A source.
  public init(id: String, role: Role, platformID: String = "") {
    self.id = id
    self.role = role
    self.platformID = platformID
  }
}

/// Somebody in a meeting's roster.
public struct MediaParticipant: Sendable, Hashable {
  /// How far the identity is verified.
  public enum Trust: String, Sendable {
    case unspecified, `internal`, external, unverified
  }

  /// The platform's id; the ``MediaSource/id`` of the participant's media.
  public var id: String
  /// As shown in the meeting. Personal: never log it.
  public var displayName: String
  /// Whether the microphone is on.
  public var isAudioActive: Bool
  /// Whether the camera is on.
  public var isVideoActive: Bool
  /// Whether the participant may lead the meeting.
  public var isCohost: Bool
  /// Milliseconds since 1970.
  public var joinedAt: Int64
  /// How far the identity is verified.
  public var trust: Trust

  /// A participant.
  public init(
    id: String, displayName: String = "", isAudioActive: Bool = false, isVideoActive: Bool = false,
    isCohost: Bool = false, joinedAt: Int64 = 0, trust: Trust = .unspecified
  ) {
    self.id = id
    self.displayName = displayName
    self.isAudioActive = isAudioActive
    self.isVideoActive = isVideoActive
    self.isCohost = isCohost
    self.joinedAt = joinedAt
    self.trust = trust
  }
}

/// A stretch of one source's audio, without gaps in itself.
public struct MediaAudio: Sendable {
  /// ``MediaSource/id``.
  public var source: String
  /// 16-bit linear samples, mono.
  public var samples: [Int16]
  /// Samples a second: the session's (``MediaSessionInfo/sampleRate``).
  public var sampleRate: Int
  /// Where the first sample lies on the session's clock, in samples at ``sampleRate``, 0 being the beginning of the
  /// session. Never falls within a source: what lies between two stretches was silence, or was lost. A source is at most
  /// ten seconds ahead of the time that has really passed, so that a gap may be filled with silence.
  public var position: Int
  /// How many of the samples were made up, because what was sent was lost or damaged.
  public var concealed: Int

  /// A stretch of audio.
  public init(source: String, samples: [Int16], sampleRate: Int, position: Int, concealed: Int = 0) {
    self.source = source
    self.samples = samples
    self.sampleRate = sampleRate
    self.position = position
    self.concealed = concealed
  }

  /// Where the stretch begins on the session's clock, in milliseconds.
  public var milliseconds: Int { sampleRate > 0 ? position / (sampleRate / 1000) : 0 }
}

/// A video frame (H.264 access unit) as it was sent.
public struct MediaVideo: Sendable {
  /// ``MediaSource/id``.
  public var source: String
  /// The platform's id of the stream, for ``MediaCommand/requestKeyframe(stream:)``.
  public var stream: String
  /// The access unit, untouched.
  public var data: [UInt8]
  /// The platform's own time of the frame, in milliseconds.
  public var timestamp: Int64
  /// Where the frame lies on the session's clock, in milliseconds.
  public var milliseconds: Int
  /// Whether frames before it were lost. A key frame has been asked for then.
  public var followsLoss: Bool

  /// A video frame.
  public init(
    source: String, stream: String, data: [UInt8], timestamp: Int64, milliseconds: Int, followsLoss: Bool = false
  ) {
    self.source = source
    self.stream = stream
    self.data = data
    self.timestamp = timestamp
    self.milliseconds = milliseconds
    self.followsLoss = followsLoss
  }
}

/// Why a session ended.
public enum MediaEnd: String, Sendable {
  /// The platform said that it is over.
  case completed
  /// The connections were lost, and no other came in time.
  case lost
  /// Nothing was heard from the platform for the idle time.
  case idle
  /// The session reached the longest time that a session may take.
  case tooLong
  /// The server shuts down.
  case shutdown
}
