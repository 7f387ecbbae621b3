import Basics
import Testing
import YAMLReading

@testable import GatewayConfiguration

@Suite("Notation")
struct NotationTests {
  @Test(
    "durations are a whole number and a unit",
    arguments: [
      ("0s", Duration.zero), ("100ms", .milliseconds(100)), ("5s", .seconds(5)), ("10m", .seconds(600)),
      ("2h", .seconds(7_200)), ("1d", .seconds(86_400)), ("5 s", .seconds(5)),
    ])
  func durations(text: String, expected: Duration) {
    #expect(Notation.duration(text) == expected)
    #expect(Notation.duration(Notation.write(expected)) == expected)
  }

  @Test(
    "anything else is no duration",
    arguments: ["", "5", "s", "-5s", "1.5s", "5sec", "5S", "٥s", "999999999999999d", "9999999999999999s", "5s5"])
  func notDurations(text: String) { #expect(Notation.duration(text) == nil) }

  @Test(
    "loopback is 127/8, ::1 and localhost",
    arguments: [
      ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("localhost:1", true), ("0.0.0.0:1", false),
      ("[::]:1", false), ("10.0.0.1:1", false), ("[::ffff:7f00:2]:1", false), ("128.0.0.1:1", false),
    ])
  func loopback(text: String, expected: Bool) throws {
    let address = try #require(NetworkAddress(text))
    #expect(address.isLoopback == expected)
    #expect(address.description == text)
  }

  @Test(
    "anything else is no address",
    arguments: [
      "", ":", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:+1", "127.1:1", "[::1:1", "::1", "a:1",
      "127.0.0.1:1 ", "127.0.0.1:٣",
    ])
  func notAddresses(text: String) { #expect(NetworkAddress(text) == nil) }

  @Test(
    "URLs have a scheme, a host and perhaps a port, in plain ASCII",
    arguments: [
      ("https://a", true), ("https://a.b:443/c?d", true), ("http://[::1]:80/x", true), ("https://", false),
      ("a.b", false), ("https://u@a", false), ("https://a:0", false), ("https://a:99999", false),
      ("https://a#b", false),
      ("https://a b", false), ("https://ä", false), ("HTTPS://a", false), ("https://[::1", false),
    ])
  func urls(text: String, isURL: Bool) { #expect((URLParts(text) != nil) == isURL) }
}
