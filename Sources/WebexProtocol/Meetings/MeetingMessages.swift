public import BotEngine

/// What a stream of a meeting carries.
public enum MeetingMediaType: Int32, Sendable, Hashable {
  /// Not stated, or a number that the schema does not have.
  case unspecified = 0
  case audio = 1
  case video = 2
  case control = 3
}

/// `StreamOpen`: the first message of every stream.
public struct MeetingStreamOpen: Sendable, Equatable {
  /// The platform's id of the stream.
  public var streamID: String
  /// What the stream carries.
  public var mediaType: MeetingMediaType
  /// The customer's organization, as the message claims it.
  public var organizationID: String
  /// The meeting.
  public var conversationID: String
  /// What the platform hands over.
  public var parameters: [String: BotValue] = [:]
}

/// `CloseReason`.
public enum MeetingCloseReason: Int32, Sendable, Hashable {
  /// Not stated, or a number that the schema does not have.
  case unspecified = 0
  case normal = 1
  case timeout = 2
  case unavailable = 3
  case error = 4
}

/// `ErrorCode` of the meetings schema.
public enum MeetingErrorCode: Int32, Sendable, Hashable {
  /// Not stated, or a number that the schema does not have.
  case unspecified = 0
  case unsupportedMediaType = 1
  case unsupportedCodec = 2
  case invalidPayload = 3
  case capacityExceeded = 4
  case processingFailed = 5
  case configurationError = 6
  case mediaUnavailable = 7
  case internalError = 8
}

/// `StreamError`, in either direction.
public struct MeetingStreamError: Error, Sendable, Equatable {
  /// The stream that it is about; empty is the meeting.
  public var streamID: String
  /// What is wrong.
  public var code: MeetingErrorCode
  /// A sentence for people; from outside it is never logged.
  public var message: String
  /// The packet that was being looked at, 0 where none was.
  public var sequenceNumber: UInt64
  /// That packet's time in milliseconds, 0 where there was none.
  public var timestamp: Int64

  /// An error.
  public init(
    streamID: String, code: MeetingErrorCode, message: String, sequenceNumber: UInt64 = 0, timestamp: Int64 = 0
  ) {
    self.streamID = streamID
    self.code = code
    self.message = message
    self.sequenceNumber = sequenceNumber
    self.timestamp = timestamp
  }
}

/// `ControlRequest`: what the platform says on the control stream.
public enum MeetingControl: Sendable, Equatable {
  /// The control stream begins.
  case open(MeetingStreamOpen)
  /// Who takes part.
  case roster(RosterUpdate)
  /// Something is wrong with a stream.
  case error(MeetingStreamError)
  /// The meeting is over, or the receiver's part in it.
  case close(MeetingCloseReason)
  /// A payload that this version does not know.
  case unknown
}

/// `Roster`: everybody, or what changed since the roster before.
public struct RosterUpdate: Sendable, Equatable {
  /// Counts up by one; a gap is a lost update.
  public var sequenceNumber: UInt64
  /// Whether this is everybody.
  public var isRefresh: Bool = false
  /// Who came.
  public var additions: [MediaParticipant] = []
  /// Who changed.
  public var changes: [MediaParticipant] = []
  /// The ids of those who left.
  public var removals: [String] = []
}

/// `ControlResponse`: what the receiver says on the control stream.
public enum MeetingResponse: Sendable, Equatable {
  /// Audio, please: up to so many streams.
  case requestAudio(MeetingSettings.AudioCodec, streams: Int)
  /// Video (H.264) of these participants, please.
  case requestVideo(participants: [String], MeetingSettings.Resolution, framesPerSecond: Int)
  /// A picture that needs no other before it, please.
  case requestKeyframe(streamID: String)
  /// The whole roster, please.
  case requestRoster
  /// Something is wrong with a stream.
  case error(MeetingStreamError)
}

/// The media that is asked for, unless a receiver asks for other.
public struct MeetingSettings: Sendable, Equatable {
  /// `AudioCodec`.
  public enum AudioCodec: String, Sendable, CaseIterable {
    case opus, mulaw, alaw
  }

  /// `VideoResolution`.
  public enum Resolution: String, Sendable, CaseIterable {
    case sd, hd, fhd
  }

  /// How audio is coded.
  public var audioCodec: AudioCodec
  /// Audio streams, 0 to 3.
  public var audioStreams: Int
  /// Participants whose video is asked for, 0 to 3; 0 takes no video at all.
  public var videoStreams: Int
  /// The largest picture.
  public var resolution: Resolution
  /// The most pictures a second.
  public var framesPerSecond: Int

  /// Settings.
  public init(
    audioCodec: AudioCodec = .opus, audioStreams: Int = 3, videoStreams: Int = 0, resolution: Resolution = .sd,
    framesPerSecond: Int = 15
  ) {
    self.audioCodec = audioCodec
    self.audioStreams = audioStreams
    self.videoStreams = videoStreams
    self.resolution = resolution
    self.framesPerSecond = framesPerSecond
  }

  /// The most streams of a kind that the platform gives.
  public static let maximumStreams = 3
}
