import Basics
import CProcessTable
import Glibc

/// What the processes of one server share, in memory that all of them map: who of them runs, and who has which
/// conversation.
///
/// `@unchecked Sendable`: the pointer is constant, and every function of the table may be called by any thread.
public final class ProcessTable: @unchecked Sendable {
  /// The memory cannot be made or mapped.
  public struct TableError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public var description: String

    /// An error.
    public init(description: String) { self.description = description }
  }

  /// What all are told before the first of them starts.
  public struct Plan: Sendable, Equatable {
    /// How many processes there are, from 1 to `PT_PROCESSES`.
    public var processes: Int
    /// The gRPC port that all of them listen on.
    public var port: UInt16
    /// The WebSocket port; 0 where there is none.
    public var socketPort: UInt16
    /// What they tell each other by: at most 64 bytes.
    public var secret: String
    /// The folder of their sockets: at most 79 bytes.
    public var folder: String

    /// A plan.
    public init(processes: Int, port: UInt16, socketPort: UInt16 = 0, secret: String, folder: String) {
      self.processes = processes
      self.port = port
      self.socketPort = socketPort
      self.secret = secret
      self.folder = folder
    }

    /// Where the others reach a process.
    public func address(of process: Int) -> String { "unix:\(folder)/\(process).sock" }
  }

  /// What a process does.
  public enum State: UInt32, Sendable {
    /// It does not run.
    case gone
    /// It is not there yet.
    case starting
    /// It takes calls.
    case ready
    /// It takes none, for a reason of its own.
    case unready
    /// It takes no new ones, and ends when those that it has are over.
    case draining
    /// Those are over, and it waits for the others.
    case drained
  }

  /// The descriptor of the memory, for processes to come; it is open as long as this is there.
  public let descriptor: Int32
  /// What all were told.
  public let plan: Plan
  let table: OpaquePointer

  /// Makes the memory, for the one who starts the others.
  ///
  /// - Parameter conversations: of one process at most.
  public convenience init(_ plan: Plan, conversations: Int) throws(TableError) {
    var told = pt_plan()
    told.processes = UInt32(clamping: plan.processes)
    told.port = plan.port
    told.socket_port = plan.socketPort
    guard Self.copy(plan.secret, to: &told.secret), Self.copy(plan.folder, to: &told.folder) else {
      throw TableError(description: "the folder \(plan.folder) has too long a name")
    }
    let (records, overflows) = UInt64(max(1, conversations)).multipliedReportingOverflow(by: UInt64(told.processes))
    let descriptor = pt_create(&told, overflows ? .max : min(records, 4_000_000))
    guard descriptor >= 0 else { throw Self.problem("the processes' memory cannot be made") }
    try self.init(descriptor: descriptor)
  }

  /// Maps memory that was made; the descriptor is this object's from here on.
  public init(descriptor: Int32) throws(TableError) {
    guard let table = pt_open(descriptor), let plan = pt_get_plan(table) else {
      throw Self.problem("the processes' memory cannot be mapped")
    }
    self.descriptor = descriptor
    self.table = table
    let told = plan.pointee
    self.plan = Plan(
      processes: Int(told.processes), port: told.port, socketPort: told.socket_port, secret: Self.text(told.secret),
      folder: Self.text(told.folder))
  }

  deinit {
    pt_close(table)
    close(descriptor)
  }

  private static func problem(_ what: String) -> TableError {
    TableError(description: "\(what): \(String(cString: strerror(errno)))")
  }

  private static func copy<Field>(_ text: String, to field: inout Field) -> Bool {
    withUnsafeMutableBytes(of: &field) { bytes in
      guard text.utf8.count < bytes.count else { return false }
      bytes.copyBytes(from: text.utf8)
      return true
    }
  }

  private static func text<Field>(_ field: Field) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  // MARK: The supervisor's

  /// A run of a process begins.
  public func begin(_ process: Int) { _ = pt_begin(table, UInt32(clamping: process)) }

  /// It is over: what it had may be taken up by others.
  public func end(_ process: Int) { pt_end(table, UInt32(clamping: process)) }

  // MARK: What a process tells, and others read

  /// A process tells how it is.
  ///
  /// - Parameters:
  ///   - port: its own; 0 where it has none yet.
  ///   - adminPort: of its admin port, for the supervisor.
  ///   - live: its conversations.
  public func tell(_ process: Int, _ state: State, port: Int, adminPort: Int = 0, live: Int) {
    pt_tell(
      table, UInt32(clamping: process), state.rawValue, UInt16(clamping: port), UInt16(clamping: adminPort),
      UInt32(clamping: live))
  }

  /// What a process told last.
  public func state(of process: Int) -> State { State(rawValue: pt_state(table, UInt32(clamping: process))) ?? .gone }

  /// The port that it alone listens on.
  public func port(of process: Int) -> Int { Int(pt_port(table, UInt32(clamping: process))) }

  /// The port at which the supervisor alone asks it; 0 where it has none.
  public func adminPort(of process: Int) -> Int { Int(pt_admin_port(table, UInt32(clamping: process))) }

  /// Its conversations.
  public func live(of process: Int) -> Int { Int(pt_live(table, UInt32(clamping: process))) }

  /// Conversations of all.
  public var live: Int { (0..<plan.processes).reduce(0) { $0 + live(of: $1) } }

  /// How long ago it said that it lives; `nil` where it does not run.
  public func silence(of process: Int) -> Duration? {
    let silence = pt_silence(table, UInt32(clamping: process))
    return silence == .max ? nil : .nanoseconds(max(0, silence))
  }

  // MARK: Their names

  /// A process's run, as others know it; with no run the incarnation is one that nobody has.
  public func replica(_ process: Int) -> Replica {
    replica(process, generation: pt_generation(table, UInt32(clamping: process)))
  }

  func replica(_ process: Int, generation: UInt64) -> Replica {
    Replica(address: plan.address(of: process), incarnation: generation.hexadecimal)
  }

  /// The process and the run that a name is of; `nil` for one that is none of these processes.
  func owner(_ replica: Replica) -> (process: UInt32, generation: UInt64)? {
    let prefix = "unix:\(plan.folder)/"
    guard replica.address.hasPrefix(prefix), replica.address.hasSuffix(".sock"),
      let process = UInt32(replica.address.dropFirst(prefix.count).dropLast(5)),
      let generation = UInt64(replica.incarnation, radix: 16)
    else { return nil }
    return (process, generation)
  }
}
