// A fuzz target for libFuzzer: a configuration, and variables over it. Built and run by Scripts/fuzz.

@testable import GatewayConfiguration
import Glibc
import YAMLReading

// The files that a configuration may name: those of recorded calls.
private let folder: String = {
  guard let path = getcwd(nil, 0) else { return "" }
  defer { free(path) }
  return String(cString: path) + "/Tests/Fuzz/Corpus/calls"
}()

/// libFuzzer calls this for every input: the file's text, and after a NUL byte variables, one a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfiguration(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  var environment: [String: String] = [:]
  for line in parts.dropFirst().joined().split(separator: UInt8(ascii: "\n"), maxSplits: 32) {
    let pair = line.split(separator: UInt8(ascii: "="), maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
    if pair.count == 2 { environment["PATCHBAY_" + pair[0]] = pair[1] }
  }
  do throws(ConfigurationError) {
    let loaded = try Configuration.parse(Array(parts[0]), file: folder + "/fuzz.yaml", environment: environment)
    for warning in loaded.warnings { check(warning) }
    checkPrinting(loaded.configuration)
  } catch {
    precondition(!error.problems.isEmpty, "refused without a reason")
    for problem in error.problems { check(problem) }
  }
  return 0
}

/// What people read of a problem is one line.
private func check(_ problem: ConfigurationProblem) {
  let text = problem.description
  precondition(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, text)
}

/// What is printed is read again as it was, but for what is masked.
private func checkPrinting(_ configuration: Configuration) {
  let text = configuration.yaml(relativeTo: folder)
  guard !text.contains("********") else { return }
  do throws(ConfigurationError) {
    let again = try Configuration.parse(Array(text.utf8), file: folder + "/fuzz.yaml", environment: [:])
    precondition(again.configuration.yaml(relativeTo: folder) == text, "a configuration changed on the way:\n\(text)")
  } catch { preconditionFailure("what was printed is refused: \(error)\n\(text)") }
}
