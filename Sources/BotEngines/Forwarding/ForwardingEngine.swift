public import BotEngine
import GRPCTransport
public import Logging

/// Hands calls to another server of Webex's voice virtual agent interface, which then has Patchbay's tenants, limits
/// and metrics before it.
///
/// For every interaction the other server gets an RPC as the platform would make it: the start, the caller's voice, an
/// entry of digits (START_OF_DTMF is not forwarded: the entry comes whole), no input, events of the flow, the end. Its
/// answers are taken in either response mode, whatever the mode of the agent.
public struct ForwardingEngine: BotEngine, CallerTokenReader {
  /// `/package.Service/Method`.
  static let path = "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"

  /// Bytes of a response: a WAV answer comes in one.
  private static let maximumResponse = 4 << 20

  private let settings: ForwardingSettings
  private let channels: BotChannels
  private let log: Logger

  /// An engine. Nothing is connected yet; blocks while the system's authorities are read.
  public init(_ settings: ForwardingSettings, log: Logger) throws(EngineError) {
    guard !settings.forwardsToken || settings.endpoint.isSecure || settings.endpoint.isLoopback else {
      throw EngineError(.unusable, "A caller's token may only go over TLS or to this machine; write https://….")
    }
    self.settings = settings
    self.log = log
    channels = try BotChannels(settings.endpoint, maximumMessage: Self.maximumResponse)
  }

  /// All audio where the other server says when the caller has finished, else the caller's turns.
  public var audioDelivery: CallerAudioDelivery { settings.endOfInput == .upstream ? .everything : .turns }

  /// The other server gets the caller's next RPC, as if nothing had happened.
  public var resumes: Bool { true }

  package var readsCallerToken: Bool { settings.forwardsToken }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    try await channels.hold(call.info, log: log) { [settings] channel, metadata in
      await ForwardedConversation(call: call, settings: settings, channel: channel, metadata: metadata).hold()
    }
  }
}
