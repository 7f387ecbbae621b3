import JSONText
import TokenVerification

// What the lease's file holds, and who may write it: a value, without the file.
extension LeaseStanding {
  static let maximumBytes = 8 << 20

  /// What it is after `owner` has asked for the lease for `life` seconds.
  ///
  /// A lease that says it ends later than anybody could have asked for was written by a clock that is wrong: it counts as
  /// ended, or nobody would renew for years.
  package static func asked(
    _ before: LeaseStanding?, owner: String, life: Int64, notes: [RegistrationNote]?, now: Int64
  ) -> LeaseStanding {
    var fence: Int64 = 1
    if let before {
      let isOurs = before.owner == owner
      let isOver = now >= before.expires || before.expires > now + max(life, 3_600) * 2
      guard isOurs || isOver else { return before }
      // Ours, but ended: another may have had it and given it back, so what was decided before is void.
      fence = isOurs && !isOver ? before.fence : before.fence &+ 1
    }
    return LeaseStanding(
      isHeld: true, owner: owner, fence: fence, expires: now + life, notes: notes ?? before?.notes ?? [])
  }

  package var text: String {
    JSONValue.object(
      JSONObject([
        "owner": .string(owner), "fence": .number(JSONNumber(fence)), "expires": .number(JSONNumber(max(0, expires))),
        "registrations": .array(notes.map(\.json)),
      ])
    ).text + "\n"
  }

  /// What was kept; `nil` where that is no lease.
  package init?(kept bytes: [UInt8]) {
    guard let standing = try? Self(bytes) else { return nil }
    self = standing
  }

  init(_ bytes: [UInt8]) throws(AnswerReading.FormatError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes, maximumValues: 1 << 20) } catch {
      throw AnswerReading.FormatError(error.description)
    }
    let reading = try AnswerReading(value, "the lease")
    owner = try reading.requiredText("owner")
    fence = try reading.whole("fence") ?? 0
    expires = try reading.whole("expires") ?? 0
    notes = []
    for entry in reading.object["registrations"]?.array ?? [] { notes.append(try RegistrationNote(entry)) }
  }
}
