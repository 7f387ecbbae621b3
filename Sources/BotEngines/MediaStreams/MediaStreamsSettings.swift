import BotEngine
import JSONText
public import Secrets

/// What a configuration says of a bot that accepts Twilio's Media Streams.
public struct MediaStreamsSettings: Sendable, Equatable {
  /// One of the `customParameters` of the start message.
  public struct Parameter: Sendable, Equatable {
    /// The name.
    public var name = ""
    /// The value; may be a secret.
    public var value = ""

    /// A parameter, to be filled in.
    public init() {}
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// What it is told as `accountSid`.
  public var account = "AC" + String(repeating: "0", count: 32)
  /// The token by which the bot may end its calls over REST: what it was given as Twilio's auth token.
  public var token: Secret?
  /// The `customParameters` of the start message, in order.
  public var parameters: [Parameter] = []
  /// Time without audio of a bot that has spoken, reckoned from the end of what it said, after which its turn is over.
  public var turnSilence: Duration = .milliseconds(700)

  /// Settings; all but the endpoint are defaults.
  public init(endpoint: BotEndpoint) { self.endpoint = endpoint }
}

extension MediaStreamsSettings {
  /// What the bot is told of the call; what the configuration says goes before.
  func parameters(of info: CallInfo) -> [(name: String, value: String)] {
    var parameters = self.parameters.map { (name: $0.name, value: $0.value) }
    func has(_ name: String) -> Bool { parameters.contains { $0.name == name } }
    let known = [
      ("conversation", info.conversation), ("organization", info.organization), ("agent", info.agent),
      ("trackingId", info.trackingID ?? ""), ("vendorConfiguration", info.vendorConfiguration ?? ""),
      // A name alone is the platform's own.
      ("startName", info.startParameters.isEmpty ? "" : info.startName ?? ""),
      ("traceparent", info.traceparent ?? ""), ("leftOut", info.leftOut.joined(separator: ", ")),
    ]
    for (name, value) in known where !value.isEmpty && !has(name) { parameters.append((name, value)) }
    let parts: [(prefix: String, values: [String: String])] = [
      ("additionalInfo.", info.additionalInfo), ("start.", info.startParameters.mapValues(\.text)),
    ]
    for (prefix, values) in parts {
      for (name, value) in values.sorted(by: { $0.key < $1.key }) {
        // A name that is there already stands for something else.
        let free = has(name) ? prefix + name : name
        if !has(free) { parameters.append((free, value)) }
      }
    }
    return parameters
  }
}

extension BotValue {
  /// A text as it is, anything else as JSON: this wire has only texts.
  fileprivate var text: String {
    if case .string(let text) = self { text } else { json }
  }
}
