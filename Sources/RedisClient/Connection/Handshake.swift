import Basics

/// What is said first on a connection, and what the server's answers mean. A pure value.
struct Handshake {
  private enum Step { case authenticate, name, describe, select }

  /// The commands, which go out together.
  let commands: [RedisCommand]
  private var steps: ArraySlice<Step>
  /// The server's version, where it tells.
  private(set) var version: String?
  private(set) var isOver = false

  /// - Parameter password: in clear.
  init(user: String?, password: String?, database: Int) {
    var commands: [RedisCommand] = []
    var steps: [Step] = []
    if let password {
      steps.append(.authenticate)
      commands.append(RedisCommand("AUTH", [user, password].compactMap { $0.map { .text($0) } }))
    }
    steps += [.name, .describe]
    commands += [RedisCommand("CLIENT", "SETNAME", "patchbay"), RedisCommand("INFO", "server")]
    if database != 0 {
      commands.append(RedisCommand("SELECT", .integer(Int64(database))))
      steps.append(.select)
    }
    self.commands = commands
    self.steps = steps[...]
  }

  /// - Throws: why the server cannot be used.
  mutating func answered(_ value: RESPValue) throws(HandshakeError) {
    guard let step = steps.popFirst() else { throw HandshakeError("it answers what it was not asked") }
    isOver = steps.isEmpty
    switch (step, value) {
    case (_, .refusal(let text)) where text.hasPrefix("NOAUTH"):
      throw HandshakeError("it wants a password: name a file that holds it")
    case (_, .refusal(let text)) where text.hasPrefix("LOADING"):
      throw HandshakeError("it is reading its data from the disk")
    case (.authenticate, .refusal(let text)):
      throw HandshakeError("it refuses the user or the password: \(text.prefix(200))")
    case (.select, .refusal(let text)):
      throw HandshakeError("it refuses the database: \(text.prefix(200))")
    case (.describe, .bytes(let bytes)): try read(String(decoding: bytes, as: UTF8.self))
    // A user may be kept from these two; they are of use, and not needed.
    case (.name, _), (.describe, _): break
    case (.authenticate, _), (.select, _): break
    }
  }

  private mutating func read(_ text: String) throws(HandshakeError) {
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "redis_version": version = String(parts[1].prefix(40))
      case "redis_mode" where parts[1] == "cluster":
        throw HandshakeError("it is part of a Redis Cluster, which is not supported: name a server that is not")
      default: break
      }
    }
  }
}

/// Why a server cannot be used: a clause.
typealias HandshakeError = TextError<Handshake>
