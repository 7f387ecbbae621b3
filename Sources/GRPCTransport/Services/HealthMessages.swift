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
    var fields = MessageFields(bytes[...])
    var name = ""
    do throws(MessageFields.FormatError) {
      while let (field, value) = try fields.next() {
        guard field == 1, case .bytes(let value) = value else { continue }
        guard value.count <= longestName else { throw .init("a service name over \(longestName) bytes") }
        guard let text = String(validating: value, as: UTF8.self) else { throw .init("a name that is not UTF-8") }
        name = text
      }
    } catch {
      throw malformed(error.description)
    }
    return name
  }

  /// `HealthCheckResponse` with field 1; proto3 leaves a zero out.
  static func response(_ status: Int32) -> [UInt8] { status == 0 ? [] : [0x08, UInt8(truncatingIfNeeded: status)] }

  private static func malformed(_ what: String) -> RPCStatus {
    RPCStatus(.invalidArgument, "HealthCheckRequest: \(what)")
  }
}
