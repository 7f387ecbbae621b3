import Testing

@testable import Telemetry

@Suite("Redaction")
struct RedactorTests {
  @Test(
    "S3: the networks' test numbers are masked, in one run or in groups",
    arguments: [
      "4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "30569309025904",
      "3530111333300000", "4222222222222", "6304000000000000000", "4111 1111 1111 1111", "4111-1111-1111-1111",
      "3782 822463 10005",
    ])
  func numbers(number: String) {
    let stars = String(number.map { $0.isNumber ? "*" : $0 })
    #expect(Redactor.mask(number) == stars)
    #expect(Redactor.mask("card: \(number), thanks") == "card: \(stars), thanks")
    #expect(Redactor.mask("é\(number)日") == "é\(stars)日")
    #expect(Redactor.mask("12 \(number)") == "12 \(stars)")
  }

  @Test(
    "what is no card number stays",
    arguments: [
      "", "hello", "4111111111111112", "411111111111", "41111111111111111111", "2026-11-23T21:00:00.123Z",
      "ce861fba-6e2f-49f9-9a84-b354008fac9e", "4111 1111  1111 1111 ", "+49 30 1234567",
      "81b79248-5462-4255-80b6-a9387d0012c4", "id=ENDTOEND_81b79248-5462-4255-80b6-a9387d0012c4.",
    ])
  func others(text: String) { #expect(Redactor.mask(text) == text) }

  @Test(
    "what only begins as a UUID, or has a number beside it, is masked",
    arguments: [
      ("81b79248-5462-4255-80b6", "81b*****-****-****-80b6"),
      (
        "4111-1111-1111-1111 ce861fba-6e2f-49f9-9a84-b354008fac9e",
        "****-****-****-**** ce861fba-6e2f-49f9-9a84-b354008fac9e"
      ),
    ])
  func nearUUIDs(text: String, masked: String) { #expect(Redactor.mask(text) == masked) }

  @Test("S3: of 1,000 random numbers with a check digit, none is missed; of numbers without one, few are masked")
  func samples() {
    var random = SystemRandomNumberGenerator()
    var masked = 0
    for _ in 0..<1_000 {
      let length = Int.random(in: 13...19, using: &random)
      var digits = (0..<length - 1).map { _ in Int.random(in: 0...9, using: &random) }
      digits.append(Self.checkDigit(digits))
      let number = digits.map(String.init).joined()
      #expect(Redactor.mask("x=\(number)") == "x=" + String(repeating: "*", count: length))
      digits[length - 1] = (digits[length - 1] + Int.random(in: 1...9, using: &random)) % 10
      let other = digits.map(String.init).joined()
      if Redactor.mask("x=\(other)") != "x=\(other)" { masked += 1 }
    }
    #expect(masked <= 10)
  }

  /// ISO/IEC 7812-1, annex B, from left to right.
  private static func checkDigit(_ digits: [Int]) -> Int {
    let sum = digits.reversed().enumerated().reduce(0) { sum, entry in
      let doubled = entry.element * 2
      return sum + (entry.offset % 2 == 1 ? entry.element : doubled / 10 + doubled % 10)
    }
    return (10 - sum % 10) % 10
  }
}
