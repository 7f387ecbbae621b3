/// The two messages of the health services, read and written by hand: they are two fields in all
/// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
enum HealthMessages {
  /// Bytes a request may have; the service's name is 256 of them at most.
  static let longestRequest = 1024
  static let longestName = 256

  /// The service asked for: field 1 of `HealthCheckRequest`, the last where there are several, empty where there is
  /// none. Unknown fields are skipped. Throws INVALID_ARGUMENT.
  static func service(inRequest bytes: [UInt8]) throws(RPCStatus) -> String {
    guard bytes.count <= longestRequest else { throw malformed("longer than \(longestRequest) bytes") }
    var rest = bytes[...]
    var name = ""
    while !rest.isEmpty {
      let tag = try varint(&rest)
      let field = tag >> 3
      guard field >= 1, field <= 536_870_911 else { throw malformed("a field number out of range") }
      switch tag & 7 {
      case 0: _ = try varint(&rest)
      case 1: _ = try take(8, from: &rest)
      case 5: _ = try take(4, from: &rest)
      case 2:
        let length = try varint(&rest)
        guard let count = Int(exactly: length) else { throw malformed("a field longer than the message") }
        let value = try take(count, from: &rest)
        if field != 1 { break }
        guard value.count <= longestName else { throw malformed("a service name over \(longestName) bytes") }
        guard let text = String(validating: value, as: UTF8.self) else { throw malformed("a name that is not UTF-8") }
        name = text
      default: throw malformed("an unknown wire type")
      }
    }
    return name
  }

  /// `HealthCheckResponse` with field 1; proto3 leaves a zero out.
  static func response(_ status: Int32) -> [UInt8] { status == 0 ? [] : [0x08, UInt8(truncatingIfNeeded: status)] }

  private static func malformed(_ what: String) -> RPCStatus {
    RPCStatus(.invalidArgument, "HealthCheckRequest: \(what)")
  }

  private static func take(_ count: Int, from rest: inout ArraySlice<UInt8>) throws(RPCStatus) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw malformed("a field longer than the message") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) throws(RPCStatus) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
      guard let byte = rest.popFirst() else { throw malformed("cut off in a number") }
      if shift == 63 && byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw malformed("a number over 64 bits")
  }
}
