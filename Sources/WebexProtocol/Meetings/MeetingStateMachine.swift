public import BotEngine

/// A meeting's control: the roster, the media that is asked for, the streams that come of it, and its end. A value:
/// messages and a clock in, actions out.
///
/// The control stream may be lost and come again; the meeting is over when the platform says so, or when it does not come
/// again in time.
public struct MeetingStateMachine: Sendable {
  /// What to do.
  public enum Action: Sendable, Equatable {
    /// Say this on the control stream.
    case send(MeetingResponse)
    /// Complete the control stream.
    case finishControl
    /// Complete a media stream.
    case finishMedia(streamID: String)
    /// The roster is this now; those of the ids are gone.
    case roster([MediaParticipant], removed: [String])
    /// The platform reports an error.
    case reported(MeetingErrorCode)
    /// The meeting is over. Nothing follows.
    case ended(MediaEnd)
  }

  /// How long a first roster is waited for before media is asked for all the same.
  static let rosterPatience = Duration.seconds(2)
  /// How long a lost control stream may take to come again.
  public static let reconnectPatience = Duration.seconds(30)
  /// How long open media streams are waited for after the end.
  static let closingPatience = Duration.seconds(2)
  /// The time between two requests of the same kind: for a key frame of one stream, for the roster.
  static let requestInterval = Duration.seconds(1)

  private enum Phase: Sendable, Equatable {
    case waitingForControl(since: Duration)
    case open
    case closing(since: Duration)
    case over
  }

  /// Who takes part.
  public private(set) var roster = MeetingRoster()
  /// The media streams that are open, and what they carry.
  public private(set) var streams: [String: MeetingMediaType] = [:]
  private let settings: MeetingSettings
  private var phase: Phase
  private var audioStreams: Int
  private var wishedVideo: [String]?
  private var askedVideo: [String] = []
  private var hasAsked = false
  private var opened: Duration = .zero
  private var rosterAsked: Duration?
  private var keyframesAsked: [String: Duration] = [:]

  /// A meeting whose control stream is yet to open.
  public init(settings: MeetingSettings, now: Duration) {
    self.settings = settings
    audioStreams = settings.audioStreams
    phase = .waitingForControl(since: now)
  }

  /// Whether the meeting is over.
  public var isOver: Bool { phase == .over }

  /// When ``tick(now:)`` has to be called at the latest.
  public var deadline: Duration? {
    switch phase {
    case .waitingForControl(let since): since + Self.reconnectPatience
    case .open: hasAsked ? nil : opened + Self.rosterPatience
    case .closing(let since): since + Self.closingPatience
    case .over: nil
    }
  }

  // MARK: Control

  /// The control stream opened, for the first time or again.
  public mutating func controlOpened(now: Duration) -> [Action] {
    guard phase != .over else { return [.finishControl] }
    let isAgain = hasAsked
    phase = .open
    opened = now
    hasAsked = false
    // Whoever opens again knows nothing of what was asked before.
    askedVideo = []
    return isAgain ? ask() + askForRoster(now: now) : []
  }

  /// A message of the control stream after its opening.
  public mutating func control(_ message: MeetingControl, now: Duration) -> [Action] {
    guard phase == .open else { return [] }
    switch message {
    case .open, .unknown: return []
    case .roster(let update):
      let outcome = roster.apply(update)
      var actions: [Action] = []
      if outcome.isChanged { actions.append(.roster(roster.participants, removed: outcome.removed)) }
      if outcome.needsRefresh { actions += askForRoster(now: now) }
      return actions + (hasAsked ? askForVideo() : ask())
    case .error(let error): return [.reported(error.code)]
    case .close:
      phase = .closing(since: now)
      return [.finishControl] + endIfDone()
    }
  }

  /// The control stream ended: half-closed, or broken off.
  public mutating func controlClosed(isOrderly: Bool, now: Duration) -> [Action] {
    guard phase == .open else { return [] }
    guard isOrderly else {
      phase = .waitingForControl(since: now)
      return []
    }
    phase = .closing(since: now)
    return [.finishControl] + endIfDone()
  }

  // MARK: Media

  /// A media stream wants to open.
  public mutating func mediaOpened(_ open: MeetingStreamOpen) throws(MeetingStreamError) {
    func refusal(_ code: MeetingErrorCode, _ message: String) -> MeetingStreamError {
      MeetingStreamError(streamID: open.streamID, code: code, message: message)
    }
    guard open.mediaType == .audio || open.mediaType == .video else {
      throw refusal(.unsupportedMediaType, "a media stream carries audio or video")
    }
    guard streams[open.streamID] == nil else {
      throw refusal(.configurationError, "a stream of this id is open already")
    }
    let limit = open.mediaType == .audio ? audioStreams : settings.videoStreams
    guard streams.values.count(where: { $0 == open.mediaType }) < limit else {
      throw refusal(.capacityExceeded, "more streams than were asked for")
    }
    streams[open.streamID] = open.mediaType
  }

  /// A media stream ended.
  public mutating func mediaClosed(_ streamID: String) -> [Action] {
    streams[streamID] = nil
    keyframesAsked[streamID] = nil
    return endIfDone()
  }

  /// Pictures of a stream were lost.
  public mutating func videoLost(_ streamID: String, now: Duration) -> [Action] {
    askForKeyframe(streamID, now: now)
  }

  // MARK: Wishes and time

  /// A receiver wishes for something.
  public mutating func wish(_ wish: MediaCommand, now: Duration) -> [Action] {
    guard phase != .over else { return [] }
    switch wish {
    case .requestAudio(let streams):
      audioStreams = min(MeetingSettings.maximumStreams, max(0, streams))
      return hasAsked ? [.send(.requestAudio(settings.audioCodec, streams: audioStreams))] : []
    case .requestVideo(let participants):
      guard settings.videoStreams > 0 else { return [] }
      wishedVideo = Array(participants.prefix(settings.videoStreams))
      return hasAsked ? askForVideo() : []
    case .requestKeyframe(let streamID): return askForKeyframe(streamID, now: now)
    case .requestRoster: return askForRoster(now: now)
    case .endStream(let streamID): return streams[streamID] == nil ? [] : [.finishMedia(streamID: streamID)]
    }
  }

  /// Time has passed.
  public mutating func tick(now: Duration) -> [Action] {
    guard let deadline, now >= deadline else { return [] }
    switch phase {
    case .waitingForControl:
      phase = .over
      return [.ended(.lost)]
    case .open: return ask()
    case .closing:
      phase = .over
      return [.ended(.completed)]
    case .over: return []
    }
  }

  // MARK: Asking

  private mutating func ask() -> [Action] {
    hasAsked = true
    return [.send(.requestAudio(settings.audioCodec, streams: audioStreams))] + askForVideo()
  }

  /// Asks for video where those to be seen are others than before: whom the receiver wishes for, or else the first
  /// whose cameras are on.
  private mutating func askForVideo() -> [Action] {
    guard settings.videoStreams > 0 else { return [] }
    let seen = wishedVideo ?? roster.participants.filter(\.isVideoActive).prefix(settings.videoStreams).map(\.id)
    guard seen != askedVideo else { return [] }
    askedVideo = seen
    return [
      .send(
        .requestVideo(
          participants: seen, settings.resolution, framesPerSecond: settings.framesPerSecond))
    ]
  }

  private mutating func askForRoster(now: Duration) -> [Action] {
    guard phase == .open, rosterAsked.map({ now - $0 >= Self.requestInterval }) ?? true else { return [] }
    rosterAsked = now
    return [.send(.requestRoster)]
  }

  private mutating func askForKeyframe(_ streamID: String, now: Duration) -> [Action] {
    guard phase == .open, streams[streamID] == .video,
      keyframesAsked[streamID].map({ now - $0 >= Self.requestInterval }) ?? true
    else { return [] }
    keyframesAsked[streamID] = now
    return [.send(.requestKeyframe(streamID: streamID))]
  }

  private mutating func endIfDone() -> [Action] {
    guard case .closing = phase, streams.isEmpty else { return [] }
    phase = .over
    return [.ended(.completed)]
  }
}
