/// An answer that says no.
struct StandInError: Error, Sendable, Hashable {
  var status: Int
  var message: String

  static func badRequest(_ message: String) -> StandInError { StandInError(status: 400, message: message) }
  static func unauthorized(_ message: String) -> StandInError { StandInError(status: 401, message: message) }
  static func forbidden(_ message: String) -> StandInError { StandInError(status: 403, message: message) }
  static func notFound(_ message: String) -> StandInError { StandInError(status: 404, message: message) }
  static func conflict(_ message: String) -> StandInError { StandInError(status: 409, message: message) }
}
