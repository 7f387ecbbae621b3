extension Configuration {
  /// `receivers`, `forking` and `meetings`: who is given other people's media, and in which form.
  public struct Media: Sendable, Equatable {
    /// `receivers`, ids unique. Without one that takes it, a service is not served.
    public var receivers: [Receiver]
    /// `forking.sample_rate`: what the audio of forked conversations is brought to, in samples a second: 8,000, 16,000,
    /// 24,000 or 48,000; default 8,000.
    public var forkRate: Int
    /// `meetings`.
    public var meetings: Meetings
  }

  /// An entry of `receivers`.
  public struct Receiver: Sendable, Equatable {
    /// `id`: 1 to 64 of letters, digits, `.`, `_`, `-`.
    public var id: String
    /// `kind`, with what it needs.
    public var kind: Kind
    /// `takes`: whose media; default forks and meetings.
    public var takes: [Source]
    /// `tenants`: the organizations whose media it takes, in lower case; empty means all.
    public var tenants: [String]

    /// What is done with the media.
    public enum Kind: Sendable, Equatable {
      /// `count`: it is counted, and nothing else.
      case count
      /// `grpc`: it is forwarded to a server of `Protos/bot.proto`.
      case grpc(Configuration.Agent.Endpoint)
      /// `record`: it is recorded, as `recording` says.
      case record

      /// The names for `kind`.
      public static let names = ["count", "grpc", "record"]

      /// The name for `kind`.
      public var name: String {
        switch self {
        case .count: "count"
        case .grpc: "grpc"
        case .record: "record"
        }
      }
    }

    /// Where media comes from.
    public enum Source: String, Sendable, CaseIterable {
      /// Copies of conversations (`ConversationAudio`).
      case forks
      /// Meetings (`MultiMedia`).
      case meetings
    }
  }

  /// `meetings`: the media that is asked for.
  public struct Meetings: Sendable, Equatable {
    /// `sample_rate`: what audio is decoded at, in samples a second: 8,000, 16,000, 24,000 or 48,000; default 16,000.
    public var sampleRate: Int
    /// `audio.codec`; default opus.
    public var codec: Codec
    /// `audio.streams`: 0 to 3; default 3.
    public var audioStreams: Int
    /// `video.streams`: participants whose video is asked for, 0 to 3; default 0, which takes no video.
    public var videoStreams: Int
    /// `video.resolution`; default sd.
    public var resolution: Resolution
    /// `video.frames_per_second`: 1 to 60; default 15.
    public var framesPerSecond: Int

    /// `audio.codec`.
    public enum Codec: String, Sendable, CaseIterable {
      case opus, mulaw, alaw
    }

    /// `video.resolution`.
    public enum Resolution: String, Sendable, CaseIterable {
      case sd, hd, fhd
    }
  }
}
