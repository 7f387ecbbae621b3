import BotEngine
import BotEngines
package import CallGateway
package import GatewayConfiguration
package import Logging

// What the configuration says of other people's media, in the terms of the parts that take it.

extension Configuration {
  /// The receivers, and the media that is asked for. A secret that cannot be had is a mistake of the configuration.
  package func mediaSettings(recordings: CallRecordings?, log: Logger) throws -> MediaGateway.Settings {
    MediaGateway.Settings(
      receivers: MediaReceivers(try media.receivers.compactMap { try $0.entry(recordings: recordings, log: log) }),
      forkRate: media.forkRate, meetingRate: media.meetingRate, meetings: media.meetings)
  }
}

extension Configuration.Receiver {
  /// `nil` for a recorder where nothing was set up to be recorded when the server began.
  fileprivate func entry(recordings: CallRecordings?, log: Logger) throws -> MediaReceivers.Entry? {
    let receiver: any MediaReceiver
    switch kind {
    case .count: receiver = CountingReceiver(id: id, log: log)
    case .grpc: receiver = try GRPCReceiver(id: id, endpoint: endpoint, log: log)
    case .record:
      guard let recordings else { return nil }
      receiver = RecordingReceiver(recordings)
    }
    return MediaReceivers.Entry(
      id: id, receiver: receiver, organizations: tenants.isEmpty ? nil : Set(tenants),
      kinds: Set(takes.map { $0 == .forks ? .fork : .meeting }))
  }
}
