import BotEngine
import BotEngines
import CallGateway
import GatewayConfiguration
import Logging
import WebexProtocol

// What the configuration says of other people's media, in the terms of the parts that take it.

extension Configuration {
  /// The receivers, and the media that is asked for. A secret that cannot be had is a mistake of the configuration.
  func mediaSettings(log: Logger) throws -> MediaGateway.Settings {
    MediaGateway.Settings(
      receivers: MediaReceivers(try media.receivers.map { try $0.entry(log: log) }), forkRate: media.forkRate,
      meetingRate: media.meetings.sampleRate,
      meetings: MeetingSettings(
        audioCodec: .init(rawValue: media.meetings.codec.rawValue) ?? .opus,
        audioStreams: media.meetings.audioStreams, videoStreams: media.meetings.videoStreams,
        resolution: .init(rawValue: media.meetings.resolution.rawValue) ?? .sd,
        framesPerSecond: media.meetings.framesPerSecond))
  }
}

extension Configuration.Receiver {
  fileprivate func entry(log: Logger) throws -> MediaReceivers.Entry {
    let receiver: any MediaReceiver =
      switch kind {
      case .count: CountingReceiver(id: id, log: log)
      case .grpc(let endpoint): try GRPCReceiver(id: id, endpoint: try endpoint.resolved(), log: log)
      }
    return MediaReceivers.Entry(
      id: id, receiver: receiver, organizations: tenants.isEmpty ? nil : Set(tenants),
      kinds: Set(takes.map { $0 == .forks ? .fork : .meeting }))
  }
}
