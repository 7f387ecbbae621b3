import HTTPFetching
import JSONText
import TokenVerification

/// A request of the data source interface (Wire 10). A value: what it looks like on the wire, and
/// nothing of how it gets there.
public enum DataSourceCall: Sendable, Hashable {
  /// All data sources of the organization.
  case list
  /// Registers one.
  case create(DataSourceFields)
  /// One by its id.
  case read(id: String)
  /// Replaces all fields of one.
  case replace(id: String, DataSourceFields)
  /// Removes one.
  case remove(id: String)
  /// All schemas.
  case schemas
  /// One schema by its id.
  case schema(id: String)

  /// The scope that the access token has to have.
  public var scope: String { isChange ? "spark-admin:datasource_write" : "spark-admin:datasource_read" }

  /// Whether something at Webex is changed.
  public var isChange: Bool {
    switch self {
    case .create, .replace, .remove: true
    case .list, .read, .schemas, .schema: false
    }
  }

  /// The method and the path, as in `GET /dataSources`.
  public var name: String { "\(method.rawValue) \(path)" }

  var method: HTTPRequest.Method {
    switch self {
    case .list, .read, .schemas, .schema: .get
    case .create: .post
    case .replace: .put
    case .remove: .delete
    }
  }

  var path: String { path(in: DataSourceForm()) }

  private func path(in form: DataSourceForm) -> String {
    let root = "/" + form.path.rawValue
    return switch self {
    case .list, .create: root
    case .read(let id), .replace(let id, _), .remove(let id): root + "/" + PathPart.escaped(id)
    case .schemas: root + "/schemas"
    case .schema(let id): root + "/schemas/" + PathPart.escaped(id)
    }
  }

  /// The request below a base URL that ends without a slash.
  func request(baseURL: String, accessToken: String, form: DataSourceForm = DataSourceForm()) -> HTTPRequest {
    var request = HTTPRequest(
      method, baseURL + path(in: form),
      fields: [.init("Accept", "application/json"), .init("Authorization", "Bearer " + accessToken)])
    switch self {
    case .create(let fields), .replace(_, let fields):
      request.fields.append(.init("Content-Type", "application/json"))
      request.body = Array(fields.json(in: form).text.utf8)
    default: break
    }
    return request
  }
}

extension DataSourceFields {
  /// As it is sent.
  func json(in form: DataSourceForm) -> JSONValue {
    let minutes: JSONValue =
      form.number == .number ? .number(JSONNumber(Int64(lifetimeMinutes))) : .string(String(lifetimeMinutes))
    var object = JSONObject([
      "schemaId": form.schema == .text ? .string(schemaID) : .array([.string(schemaID)]), "url": .string(url),
      "audience": .string(audience), "subject": .string(subject), "nonce": .string(nonce),
      form.lifetime.rawValue: minutes, "status": .string(status.rawValue),
    ])
    if let errorMessage { object["errorMessage"] = .string(errorMessage) }
    return .object(object)
  }
}

enum PathPart {
  /// One part of a path (RFC 3986, section 3.3): everything but unreserved characters is escaped, so that an id stays
  /// one part whatever is in it.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ".") where text.utf8.contains(where: { $0 != UInt8(ascii: ".") }):
        escaped += "."
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return escaped
  }
}

enum FormBody {
  /// `application/x-www-form-urlencoded`.
  static func encode(_ pairs: KeyValuePairs<String, String>) -> [UInt8] {
    Array(pairs.map { "\($0.key)=\(PathPart.escaped($0.value))" }.joined(separator: "&").utf8)
  }
}
