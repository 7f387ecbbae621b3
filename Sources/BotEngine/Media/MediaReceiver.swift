/// A receiver of other people's media: it hears, and never speaks.
///
/// The gateway makes one value of the receiver from the configuration and calls ``receive(_:)`` once for each session (a
/// forked conversation, a meeting, a virtual agent's call), in a task of its own. Everything about Webex's RPCs, codecs,
/// losses, reordering and the roster's numbering is the gateway's: a receiver sees sources, and linear audio that lies on
/// the one clock of the session.
///
/// ```swift
/// struct Loudness: MediaReceiver {
///   func receive(_ session: MediaSession) async throws {
///     for await event in session.events {
///       if case .audio(let audio) = event { measure(audio.samples, of: audio.source, at: audio.milliseconds) }
///     }
///   }
/// }
/// ```
public protocol MediaReceiver: Sendable {
  /// Takes one session. Returning early, or throwing, ends this receiver's part in it and nothing else: the media is
  /// Webex's, and goes on without. The task is cancelled some seconds after ``MediaEvent/ended(_:)``.
  ///
  /// The task prefers the session's own thread, which also serves calls. Waiting is free; blocking or long computing is
  /// not: take the events there, and write files or compute on a thread of one's own.
  func receive(_ session: MediaSession) async throws
}

/// One session, as a receiver sees it: events in, a few wishes out.
public struct MediaSession: Sendable {
  /// What is known of the session.
  public let info: MediaSessionInfo
  /// What happens, in order; ends after ``MediaEvent/ended(_:)``. One iteration at a time.
  public let events: MediaEvents

  private let sink: @Sendable (MediaCommand) -> Void

  /// A session over a source of events and a sink of commands: the gateway's side, and a test's. The sink may be called
  /// on any thread.
  public init(info: MediaSessionInfo, events: MediaEvents, sink: @escaping @Sendable (MediaCommand) -> Void = { _ in })
  {
    self.info = info
    self.events = events
    self.sink = sink
  }

  /// Carries out a command; never waits. What a session does not have (video in a forked conversation) is ignored.
  public func send(_ command: MediaCommand) { sink(command) }
}

/// What is known of a session when it reaches a receiver.
public struct MediaSessionInfo: Sendable {
  /// Where the media comes from.
  public enum Kind: String, Sendable {
    /// A call of one of this server's virtual agents.
    case call
    /// A copy of a conversation between a caller and a human agent.
    case fork
    /// A meeting.
    case meeting
  }

  /// Where the media comes from.
  public var kind: Kind
  /// The customer's organization, as verified.
  public var organization: String
  /// The platform's id of the conversation.
  public var conversation: String
  /// The id of the virtual agent in the configuration, for a call.
  public var agent: String?
  /// The tracking id shared with Webex support, for logs and further requests.
  public var trackingID: String?
  /// What the flow or the platform hands over. May hold personal data: never log it.
  public var parameters: [String: BotValue]
  /// Samples a second of all audio of the session.
  public var sampleRate: Int

  /// A session's particulars.
  public init(
    kind: Kind, organization: String, conversation: String, agent: String? = nil, trackingID: String? = nil,
    parameters: [String: BotValue] = [:], sampleRate: Int = 8000
  ) {
    self.kind = kind
    self.organization = organization
    self.conversation = conversation
    self.agent = agent
    self.trackingID = trackingID
    self.parameters = parameters
    self.sampleRate = sampleRate
  }
}

/// What a receiver may wish for. Only meetings can grant it.
public enum MediaCommand: Sendable, Equatable {
  /// Up to this many audio streams, 0 to 3, instead of what the configuration asks for.
  case requestAudio(streams: Int)
  /// Video of these participants, at most 3; none ends it. Needs video in the configuration.
  case requestVideo(participants: [String])
  /// A picture that needs no other before it, on a video stream (``MediaVideo/stream``).
  case requestKeyframe(stream: String)
  /// The whole roster again.
  case requestRoster
  /// No more of a stream.
  case endStream(String)
}
