/// The messages of server reflection, read and written by hand; `v1` and `v1alpha` have the same
/// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).
enum ReflectionRequest: Equatable {
  /// A file by its name.
  case file(String)
  /// The file that declares a symbol.
  case symbol(String)
  /// The file that declares an extension, or the numbers of all extensions of a type: we have none.
  case extensions
  /// All services.
  case services
  /// None of the kinds that this version knows.
  case unknown

  /// Bytes a request may have.
  static let longest = 4096

  /// Reads `ServerReflectionRequest`: the last member of the oneof counts. Throws INVALID_ARGUMENT.
  init(_ bytes: [UInt8]) throws(RPCStatus) {
    var fields = MessageFields(bytes[...])
    var request = ReflectionRequest.unknown
    do throws(MessageFields.FormatError) {
      while let (field, value) = try fields.next() {
        guard case .bytes(let value) = value, (3...7).contains(field) else { continue }
        if field == 5 {
          request = .extensions
          continue
        }
        guard let text = String(validating: value, as: UTF8.self) else { throw .init("a text that is not UTF-8") }
        switch field {
        case 3: request = .file(text)
        case 4: request = .symbol(text)
        case 6: request = .extensions
        default: request = .services
        }
      }
    } catch {
      throw RPCStatus(.invalidArgument, "ServerReflectionRequest: \(error)")
    }
    self = request
  }
}

/// What is answered to one request.
enum ReflectionAnswer: Equatable {
  /// Serialized `FileDescriptorProto` messages.
  case files([[UInt8]])
  case services([String])
  case error(RPCStatus.Code, String)

  /// `ServerReflectionResponse`; `request` is the request as it came.
  func response(to request: [UInt8]) -> [UInt8] {
    var response: [UInt8] = []
    response.append(field: 2, request)
    var body: [UInt8] = []
    switch self {
    case .files(let files):
      for file in files { body.append(field: 1, file) }
      response.append(field: 4, body)
    case .services(let names):
      for name in names {
        var service: [UInt8] = []
        service.append(field: 1, name.utf8)
        body.append(field: 1, service)
      }
      response.append(field: 6, body)
    case .error(let code, let message):
      body.append(field: 1, UInt64(code.rawValue))
      body.append(field: 2, message.utf8)
      response.append(field: 7, body)
    }
    return response
  }
}
