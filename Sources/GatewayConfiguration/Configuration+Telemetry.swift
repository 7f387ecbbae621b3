public import BotEngines
import CallTraces
import YAMLReading

extension Configuration {
  /// `telemetry`: what is told to other systems of the server's calls.
  public struct Telemetry: Sendable, Equatable {
    /// `traces`; without it nothing is traced.
    public var traces: Traces?
  }

  /// `telemetry.traces`.
  public struct Traces: Sendable, Equatable {
    /// `endpoint`: https, or http on loopback.
    public var endpoint = ""
    /// `headers` of every request.
    public var headers: [BotHeader] = []
    /// `ca`: roots to trust; `nil` is the system's.
    public var certificateAuthorities: String?
    /// `percent` of the conversations.
    public var percent = 100
  }
}

extension Configuration.Telemetry: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "traces", \.traces, .group(write: "`traces: {endpoint: \"http://127.0.0.1:4318/v1/traces\"}`"),
      "The export of traces by OTLP over HTTP; without it nothing is traced.")
  }
}

extension Configuration.Traces: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "endpoint", \.endpoint, .text(2_048),
      "The receiver's URL, as in https://otlp.example.com/v1/traces; http on loopback.", required: .yes)
    Key("headers", \.headers, BotHeader.list(32), "Headers of every request to the receiver.")
    Key(
      "ca", \.certificateAuthorities, .file,
      "The path of a PEM file with root certificates for the receiver; default the system's.")
    Key("percent", \.percent, .integer(1...100), "The traced conversations, in percent.")
  }

  func check(_ section: Section) {
    guard !endpoint.isEmpty, !SpanExporter.Settings.isUsable(endpoint) else { return }
    section.report(
      "endpoint",
      "traces have to go to an https URL, or an http URL on loopback, not to \(endpoint.quotedForMessage)",
      "write it as in https://otlp.example.com/v1/traces, or run a collector on this machine")
  }
}
