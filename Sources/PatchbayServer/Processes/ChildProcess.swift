import Basics
import CProcess
import Glibc

/// One run of this same program under a supervisor, and the pipe by which it is told what to do. The one owner of that
/// pipe's end: when it is closed, the process ends in order.
final class ChildProcess: Sendable {
  /// It cannot be started.
  typealias SpawnError = TextError<ChildProcess>

  /// Its process id.
  let id: pid_t
  private let orders: Int32

  /// Starts the program that runs here, with other arguments and surroundings.
  ///
  /// - Parameter memory: is its descriptor 3.
  init(arguments: [String], environment: [String: String], memory: Int32) throws(SpawnError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Self.problem("no pipe can be made", errno) }
    defer { close(ends[0]) }
    // Whoever does not read its orders must not stop the supervisor.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, memory, ProcessPlace.descriptor)
    _ = cprocess_close_from(&actions, ProcessPlace.descriptor + 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own: what a terminal sends is the supervisor's. And no signal is blocked or ignored.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var surroundings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + surroundings { free(word) } }
    var id = pid_t()
    // The file that runs, whatever has its name by now.
    let code = posix_spawn(&id, "/proc/self/exe", &actions, &attributes, &words, &surroundings)
    guard code == 0 else {
      close(ends[1])
      throw Self.problem("the process cannot be started", code)
    }
    self.id = id
    orders = ends[1]
  }

  deinit { close(orders) }

  private static func problem(_ what: String, _ code: Int32) -> SpawnError {
    SpawnError("\(what): \(String(cString: strerror(code)))")
  }

  /// Tells it.
  func tell(_ order: ProcessOrder) {
    var byte = order.rawValue
    _ = write(orders, &byte, 1)
  }

  /// Ends it at once. Not after ``end()`` has returned: then the id may be another's.
  func kill() { _ = Glibc.kill(id, SIGKILL) }

  /// How it ended.
  struct End: Sendable, Equatable {
    /// Its exit code; 1 where a signal has ended it.
    var code: Int32
    /// That signal.
    var signal: Int32?
  }

  /// Waits until it has ended.
  func end() async -> End {
    let id = id
    let end = await DetachedThread.value { () -> End in
      var status: Int32 = 0
      while waitpid(id, &status, 0) < 0, errno == EINTR {}
      let signal = status & 0x7f
      return signal == 0 ? End(code: (status >> 8) & 0xff) : End(code: 1, signal: signal)
    }
    return end ?? End(code: 1)
  }
}
