import TokenVerification

/// What the lease's file holds, and who may write it: a value, without the file.
struct LeaseRecord: Sendable, Hashable {
  static let maximumBytes = 8 << 20

  var owner: String
  var fence: Int64
  /// In seconds since 1970.
  var expires: Int64
  var notes: [RegistrationNote]

  /// The record after `owner` has asked for the lease for `life` seconds, and whether it got it.
  ///
  /// A lease that says it ends later than anybody could have asked for was written by a clock that is wrong: it counts as
  /// ended, or nobody would renew for years.
  static func asked(
    _ record: LeaseRecord?, owner: String, life: Int64, notes: [RegistrationNote]?, now: Int64
  ) -> (record: LeaseRecord, isHeld: Bool) {
    guard let record else {
      return (LeaseRecord(owner: owner, fence: 1, expires: now + life, notes: notes ?? []), true)
    }
    let isOurs = record.owner == owner
    let isOver = now >= record.expires || record.expires > now + max(life, 3_600) * 2
    guard isOurs || isOver else { return (record, false) }
    // Ours, but ended: another may have had it and given it back, so what was decided before is void.
    let fence = isOurs && !isOver ? record.fence : record.fence &+ 1
    return (LeaseRecord(owner: owner, fence: fence, expires: now + life, notes: notes ?? record.notes), true)
  }

  var text: String {
    JSONValue.object(
      JSONObject([
        "owner": .string(owner), "fence": .number(JSONNumber(fence)), "expires": .number(JSONNumber(max(0, expires))),
        "registrations": .array(notes.map(\.json)),
      ])
    ).text + "\n"
  }

  init(owner: String, fence: Int64, expires: Int64, notes: [RegistrationNote]) {
    self.owner = owner
    self.fence = fence
    self.expires = expires
    self.notes = notes
  }

  init(_ bytes: [UInt8]) throws(AnswerReading.FormatError) {
    let value: JSONValue
    do throws(StrictJSON.FormatError) { value = try StrictJSON.parse(bytes, maximumValues: 1 << 20) } catch {
      throw AnswerReading.FormatError(text: error.description)
    }
    let reading = try AnswerReading(value, "the lease")
    owner = try reading.requiredText("owner")
    fence = try reading.whole("fence") ?? 0
    expires = try reading.whole("expires") ?? 0
    notes = []
    for entry in reading.object["registrations"]?.array ?? [] { notes.append(try RegistrationNote(entry)) }
  }
}
