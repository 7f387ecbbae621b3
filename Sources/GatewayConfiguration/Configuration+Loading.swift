import Secrets
public import YAMLReading

extension Configuration {
  /// A configuration that can be used, and what is worth a warning in it.
  public struct Loaded: Sendable {
    /// The configuration.
    public var configuration: Configuration
    /// What can be used but is probably not meant; log it.
    public var warnings: [ConfigurationProblem]
    /// The files that it names, by the names of their keys, as in `agents[0].engine.script`; the configuration's own is
    /// not among them.
    public var files: [(key: String, path: String)]

    /// The files that an agent's entry names, by its place in ``Configuration/agents``.
    public func files(ofAgent index: Int) -> [String] {
      files.filter { $0.key.hasPrefix("agents[\(index)].") }.map(\.path)
    }
  }

  /// Bytes a configuration file may have.
  public static let maximumFileSize = 1 << 20

  /// Reads a configuration file, or the embedded demo where none is given, and lays the environment over it.
  ///
  /// - Parameters:
  ///   - file: a path, at most ``maximumFileSize`` long; an empty file is a configuration from the environment alone.
  ///   - environment: all variables; those that begin with `PATCHBAY_` have to be known.
  /// - Throws: everything that is wrong, not only the first thing.
  public static func load(file: String?, environment: [String: String]) throws(ConfigurationError) -> Loaded {
    guard let file else { return try parse(Array(demoText.utf8), file: "demo", isDemo: true, environment: environment) }
    let bytes = try ConfigurationError.read(
      file, maximum: maximumFileSize, allowsPipes: true, write: "give the path of a readable YAML file",
      shorten: "write less")
    return try parse(bytes, file: file, environment: environment)
  }

  /// Reads a configuration from the text of a file; relative paths are relative to the folder of `file`.
  public static func parse(
    _ text: String, file: String, environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Loaded {
    try parse(Array(text.utf8), file: file, environment: environment)
  }

  /// The embedded demo: loopback only, plaintext, the agent `demo`, an issuer to be made on the spot.
  public static let demo: Configuration = {
    do {
      return try load(file: nil, environment: [:]).configuration
    } catch {
      preconditionFailure("the embedded demo configuration is part of the program: \(error)")
    }
  }()

  static let demoText = """
    listen: {address: 127.0.0.1:50051, plaintext: true}
    admin: {address: 127.0.0.1:8080}
    agents:
      - {id: demo, name: Patchbay demo, default: true, engine: {kind: demo}}
    logging: {level: info, format: text}
    """

  static func parse(
    _ bytes: [UInt8], file: String, isDemo: Bool = false, environment: [String: String]
  ) throws(ConfigurationError) -> Loaded {
    if bytes.count > maximumFileSize {
      throw ConfigurationError(.wholeFile(file), "is over \(maximumFileSize) bytes", "write less")
    }
    if String(validating: bytes, as: UTF8.self) == nil {
      let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
      throw ConfigurationError(
        invalidUTF8(bytes, file: file), "this is \(isUTF16 ? "UTF-16" : "not UTF-8")", "save the file as UTF-8")
    }
    let reading = Reading(file: file, environment: environment)
    let (root, problems) = YAMLNode.compose(bytes)
    // Without a root, or with pieces missing from it, what follows would only be consequences.
    guard problems.isEmpty else {
      throw ConfigurationError(problems.map { .init($0, of: file) })
    }
    reading.isDemo = isDemo
    let configuration = Configuration.read(
      Section(root, path: "", variable: "", place: .wholeFile(file), reading: reading))
    reading.reportUnknownVariables()
    guard reading.problems.isEmpty else { throw ConfigurationError(reading.problems.inOrder()) }
    return Loaded(
      configuration: configuration, warnings: reading.warnings.inOrder(), files: reading.files)
  }

  private static func invalidUTF8(_ bytes: [UInt8], file: String) -> ConfigurationProblem.Place {
    var line = 1
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.endIndex
      if String(validating: bytes[start..<end], as: UTF8.self) == nil { break }
      start = min(end + 1, bytes.endIndex)
      line += 1
    }
    return .file(file, line: line, column: 1)
  }
}

extension [ConfigurationProblem] {
  /// By place: the file from top to bottom, then the environment.
  fileprivate func inOrder() -> Self {
    func rank(_ entry: (offset: Int, element: ConfigurationProblem)) -> (Int, Int, Int, Int) {
      switch entry.element.place {
      case .wholeFile: (0, 0, 0, entry.offset)
      case .file(_, let line, let column): (1, line, column, entry.offset)
      case .variable: (2, 0, 0, entry.offset)
      }
    }
    return enumerated().sorted { rank($0) < rank($1) }.map(\.element)
  }
}
