public import BotEngines
public import WebexProtocol

extension Configuration {
  /// `receivers`, `forking` and `meetings`: who is given other people's media, and in which form.
  public struct Media: Sendable, Equatable {
    /// `receivers`, ids unique. Without one that takes it, a service is not served.
    public var receivers: [Receiver] = []
    /// `forking.sample_rate`: what the audio of forked conversations is brought to, in samples a second.
    public var forkRate = 8_000
    /// `meetings.sample_rate`: what audio is decoded at, in samples a second.
    public var meetingRate = 16_000
    /// `meetings`: the media that is asked for.
    public var meetings = MeetingSettings()
  }

  /// An entry of `receivers`.
  public struct Receiver: Sendable, Equatable {
    /// `id`: 1 to 64 of letters, digits, `.`, `_`, `-`.
    public var id = ""
    /// `kind`.
    public var kind = Kind.count
    /// Where media is forwarded to, of the kind `grpc`.
    public var endpoint = BotEndpoint()
    /// `takes`: whose media; default forks and meetings.
    public var takes = Source.allCases
    /// `tenants`: the organizations whose media it takes, in lower case; empty means all.
    public var tenants: [String] = []

    /// What is done with the media.
    public enum Kind: String, Sendable, CaseIterable {
      /// It is counted, and nothing else.
      case count
      /// It is forwarded to a server of `Protos/bot.proto`.
      case grpc
      /// It is recorded, as `recording` says.
      case record
    }

    /// Where media comes from.
    public enum Source: String, Sendable, CaseIterable {
      /// Copies of conversations (`ConversationAudio`).
      case forks
      /// Meetings (`MultiMedia`).
      case meetings
    }
  }
}
