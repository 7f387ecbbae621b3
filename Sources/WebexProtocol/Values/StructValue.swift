/// A JSON-like value of `google.protobuf.Struct`: event parameters and event metadata.
public enum StructValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case list([StructValue])
  case object([String: StructValue])
}
