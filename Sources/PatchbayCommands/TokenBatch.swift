import Foundation
import JSONText
import PatchbayServer
import TokenVerification

/// Many tokens from standard input, one a line, judged as a server would judge them: nothing around a token is forgiven.
enum TokenBatch {
  /// Writes one verdict a line, in the order of the tokens. Returns whether all were accepted.
  static func run(with source: VerdictSource) async throws -> Bool {
    var areAllAccepted = true
    while let line = readLine() {
      let verdict = try await source.judge(token(line)).verdict
      areAllAccepted = areAllAccepted && verdict.accepted
      print(try verdict.jsonLine)
    }
    return areAllAccepted
  }

  /// A token, or a JSON string of one: no token begins with a quotation mark.
  private static func token(_ line: String) -> String {
    guard line.hasPrefix("\""), let text = try? JSONValue(parsing: Array(line.utf8)).string else { return line }
    return text
  }
}
