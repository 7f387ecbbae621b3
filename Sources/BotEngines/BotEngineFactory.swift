public import BotEngine

/// The kinds of engines that a configuration can name.
public enum EngineKind: String, Sendable, CaseIterable {
  /// ``DemoEngine``.
  case demo
  /// ``ScriptedEngine``.
  case scripted
}

/// Makes engines from what a configuration says.
public enum BotEngineFactory {
  /// An engine of a kind.
  ///
  /// - Parameters:
  ///   - kind: the name of an ``EngineKind``.
  ///   - script: the path of the dialogue, for the kinds that have one.
  /// - Throws: ``EngineError``, or ``ScriptError`` with all mistakes of the script. Blocks while files are read.
  public static func makeEngine(kind: String, script: String? = nil) throws -> any BotEngine {
    guard let kind = EngineKind(rawValue: kind) else {
      let known = EngineKind.allCases.map(\.rawValue).joined(separator: " or ")
      throw EngineError(.unknownKind, "There is no engine of the kind '\(kind)'; write \(known).")
    }
    switch kind {
    case .demo:
      if script != nil {
        throw EngineError(.unexpectedScript, "An engine of the kind demo has no script; remove it, or write scripted.")
      }
      return try DemoEngine()
    case .scripted:
      guard let script else {
        throw EngineError(.missingScript, "An engine of the kind scripted needs a script; write script: FILE.yaml.")
      }
      return try ScriptedEngine(script: script)
    }
  }
}
