public import AudioCodecs
public import BotEngine

/// One `VoiceVARequest`: what the platform sends within an RPC. The server reads requests as ``VoiceRequestView``,
/// without copying; this is what a client writes.
public struct VoiceRequest: Sendable, Equatable {
  /// `voice_va_input_type`.
  public enum Input: Sendable, Equatable {
    /// No member of the oneof.
    case none
    /// `audio_input`
    case audio(Audio)
    /// `dtmf_input`: all keys of an entry.
    case dtmf([DTMFKey])
    /// `event_input`
    case event(Event)
  }

  /// `VoiceInput`.
  public struct Audio: Sendable, Equatable {
    /// `caller_audio`, as ``encoding`` says.
    public var bytes: [UInt8]
    /// `nil` is not stated: as the RPC's earlier messages stated it.
    public var encoding: AudioEncoding?
    /// Samples a second; 0 is not stated.
    public var sampleRate: Int32
    /// BCP 47, such as `en-US`.
    public var languageCode: String?
    /// `is_single_utterance`
    public var isSingleUtterance: Bool

    /// A piece of audio.
    public init(
      bytes: [UInt8], encoding: AudioEncoding? = nil, sampleRate: Int32 = 0, languageCode: String? = nil,
      isSingleUtterance: Bool = false
    ) {
      self.bytes = bytes
      self.encoding = encoding
      self.sampleRate = sampleRate
      self.languageCode = languageCode
      self.isSingleUtterance = isSingleUtterance
    }
  }

  /// `EventInput`.
  public struct Event: Sendable, Equatable {
    /// `EventInput.EventType`. The enum is open: a later platform may send numbers that are not here.
    public enum Kind: Sendable, Hashable {
      case unspecified
      case sessionStart
      /// The caller hung up.
      case sessionEnd
      case noInput
      /// The caller presses a first key.
      case startOfDTMF
      /// An event of the flow, by its name.
      case custom
      /// A number that the schema does not have.
      case unknown(Int32)

      /// The event of a number on the wire.
      public init(wire: Int32) {
        self =
          switch wire {
          case 0: .unspecified
          case 1: .sessionStart
          case 2: .sessionEnd
          case 3: .noInput
          case 4: .startOfDTMF
          case 5: .custom
          default: .unknown(wire)
          }
      }

      /// The event's number on the wire.
      public var wire: Int32 {
        switch self {
        case .unspecified: 0
        case .sessionStart: 1
        case .sessionEnd: 2
        case .noInput: 3
        case .startOfDTMF: 4
        case .custom: 5
        case .unknown(let number): number
        }
      }
    }

    /// What happened.
    public var kind: Kind
    /// The name of a custom event.
    public var name: String?
    /// Data of the event; empty is written as absent.
    public var parameters: [String: BotValue]

    /// An event.
    public init(_ kind: Kind, name: String? = nil, parameters: [String: BotValue] = [:]) {
      self.kind = kind
      self.name = name
      self.parameters = parameters
    }
  }

  /// The same over all RPCs of a call.
  public var conversationID: String
  /// The customer's organization.
  public var organizationID: String
  /// An agent's id or its place in the list, from 1; empty is the default agent.
  public var agentID: String
  /// Whether responses of type PARTIAL may be sent.
  public var allowsPartialResponses: Bool
  /// The free text of the configuration in Control Hub.
  public var vendorConfiguration: String?
  /// What the flow hands over.
  public var additionalInfo: [String: String]
  /// What comes from the caller.
  public var input: Input

  /// A request.
  public init(
    conversationID: String, organizationID: String, agentID: String = "", allowsPartialResponses: Bool = false,
    vendorConfiguration: String? = nil, additionalInfo: [String: String] = [:], input: Input = .none
  ) {
    self.conversationID = conversationID
    self.organizationID = organizationID
    self.agentID = agentID
    self.allowsPartialResponses = allowsPartialResponses
    self.vendorConfiguration = vendorConfiguration
    self.additionalInfo = additionalInfo
    self.input = input
  }
}
