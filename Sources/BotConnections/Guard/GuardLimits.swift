/// What one connection to a bot may cost the thread of the calls.
///
/// Frames that carry nothing have a rate beyond which the connection is closed. What carries something is only slowed
/// down: a bot may hand over a long answer at once.
public struct GuardLimits: Sendable {
  /// Bytes of a gRPC message; one that declares more ends its stream with RESOURCE_EXHAUSTED.
  public var maximumMessage: Int
  /// Bytes of a frame's payload (SETTINGS_MAX_FRAME_SIZE, which the core does not raise).
  public var maximumFrame = 16_384
  /// Bytes of one header block, HEADERS with its CONTINUATIONs.
  public var maximumHeaderBlock = 32_768
  /// Frames that carry nothing, a second and at once: PING, SETTINGS, WINDOW_UPDATE, RST_STREAM, HEADERS, empty DATA,
  /// unknown ones and the like.
  public var controlFrames = 1_000
  /// Bytes of such a frame that count as another one: headers have to be decoded.
  public var bytesPerControlFrame = 128
  /// Bytes sent to the bot that allow it one more of them: servers acknowledge what they read.
  public var bytesPerAcknowledgement = 64
  /// GOAWAY frames of one connection. An orderly shutdown has two.
  public var goAways = 8
  /// DATA frames and messages a second; half of it at once.
  public var dataFrames = 5_000
  /// Bytes of DATA a second.
  public var dataBytes = 16 << 20
  /// Bytes of DATA at once; and of those for streams that are over, in flight when they ended.
  public var dataBurst = 4 << 20

  /// The defaults, which fifty calls of a bot that acknowledges every frame on its own stay below.
  public init(maximumMessage: Int) { self.maximumMessage = maximumMessage }
}
