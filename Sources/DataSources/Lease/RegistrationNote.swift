import JSONText
import TokenVerification

/// What the server that has the lease tells the others of one registration: they accept the same nonces, and go on from
/// there when it is gone.
public struct RegistrationNote: Sendable, Hashable {
  /// Which registration it is.
  public var key: DesiredRegistration.Key
  /// The data source's id, once it is known.
  public var id: String?
  /// When the token ends, in seconds since 1970.
  public var expiry: Int64?
  /// The nonces whose tokens are good.
  public var nonces: [RegistrationNonces.Entry]
  /// Whether there are no others.
  public var isComplete: Bool
}

extension RegistrationLifeCycle {
  /// For the servers that share the lease.
  public func note(now: Int64) -> RegistrationNote {
    RegistrationNote(
      key: desired.key, id: source?.id, expiry: expiry,
      nonces: nonces.entries(now: now, lifetime: Int64(desired.lifetimeMinutes) * 60),
      isComplete: nonces.isComplete(now: now))
  }

  /// Takes over what another server says that has or had the lease.
  public mutating func adopt(_ note: RegistrationNote, now: Int64) {
    guard note.key == desired.key else { return }
    nonces.adopt(note.nonces, isComplete: note.isComplete, now: now)
    expiry = note.expiry ?? expiry
  }
}

extension RegistrationNote {
  var json: JSONValue {
    var object = JSONObject([
      "org": .string(key.organization), "url": .string(key.url), "schema": .string(key.schemaID),
      "complete": .bool(isComplete),
      "nonces": .array(
        nonces.map {
          .object(JSONObject(["nonce": .string($0.nonce), "until": .number(JSONNumber(max(0, $0.until)))]))
        }
      ),
    ])
    if let id { object["id"] = .string(id) }
    if let expiry { object["expiry"] = .number(JSONNumber(max(0, expiry))) }
    return .object(object)
  }

  init(_ value: JSONValue) throws(AnswerReading.FormatError) {
    let reading = try AnswerReading(value, "a registration")
    key = DesiredRegistration.Key(
      organization: try reading.requiredText("org"), url: try reading.requiredText("url"),
      schemaID: try reading.requiredText("schema"))
    id = try reading.text("id")
    expiry = try reading.whole("expiry")
    isComplete = reading.object["complete"] == .bool(true)
    nonces = []
    for entry in reading.object["nonces"]?.array?.prefix(RegistrationNonces.maximumEntries) ?? [] {
      let entry = try AnswerReading(entry, "a nonce")
      nonces.append(.init(nonce: try entry.requiredText("nonce"), until: try entry.whole("until") ?? 0))
    }
  }
}
