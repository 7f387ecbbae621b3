import ArgumentParser
import Basics

/// Ends a command with a message on its options, unless what they have to keep is kept.
func require(_ isKept: Bool, _ message: @autoclosure () -> String) throws {
  guard isKept else { throw ValidationError(message()) }
}

/// As ``require(_:_:)``, for an option that may be left out, and has bounds.
func require<Value>(
  _ option: Value?, in bounds: ClosedRange<Value>, _ message: @autoclosure () -> String
) throws {
  try require(option.map(bounds.contains) ?? true, message())
}

extension NetworkAddress {
  /// The address of an admin port, as an option names it.
  init(admin text: String, as example: String = "127.0.0.1:8080") throws {
    guard let address = NetworkAddress(text) else {
      throw ValidationError("--admin is HOST:PORT such as \(example), not '\(text)'.")
    }
    self = address
  }
}
