/// What happened to a registration, for the log and the metrics.
public enum RegistrationEvent: Sendable, Hashable {
  /// The data source was found.
  case found(id: String, secondsLeft: Int64)
  /// Several data sources have this schema and URL; the one with this id is looked after.
  case ambiguous(id: String, count: Int)
  /// It was registered anew.
  case registered(id: String, secondsLeft: Int64)
  /// Fields had drifted and are as they should be again.
  case mended(fields: [String], secondsLeft: Int64)
  /// It has a new token.
  case renewed(secondsLeft: Int64)
  /// Somebody else has renewed it.
  case renewedElsewhere(secondsLeft: Int64)
  /// Its tokens live for less than was asked for. In seconds.
  case grantedLess(asked: Int64, granted: Int64)
  /// It is disabled, and not by this configuration: it is left so.
  case disabledByOthers(reason: String)
  /// Its token has ended: Webex does not call.
  case lapsed(secondsAgo: Int64)
  /// It lives again.
  case recovered(secondsLeft: Int64)
  /// Something failed; it is tried again in so many seconds. `life` is how long its tokens live, in seconds.
  case failed(DataSourceError, secondsLeft: Int64?, life: Int64, retryIn: Duration)
}
