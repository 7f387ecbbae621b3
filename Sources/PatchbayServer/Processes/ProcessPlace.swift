package import GatewayConfiguration
import Ownership
import Telemetry

/// Which of several processes that share a port this one is, and what their supervisor has told all of them.
package final class ProcessPlace: Sendable {
  /// Where the supervisor leaves the memory that all share.
  static let descriptor: Int32 = 3

  /// Its number, from 0.
  let number: Int
  let table: ProcessTable

  /// Throws where there is no supervisor, or none that knows this number.
  package init(_ number: Int) throws {
    self.number = number
    table = try ProcessTable(descriptor: Self.descriptor)
    guard (0..<table.plan.processes).contains(number) else {
      throw ProcessTable.TableError(description: "there is no process of the number \(number)")
    }
  }

  /// The configuration as this process has it: with the ports that the supervisor has bound, and what all share.
  package func adapt(_ configuration: Configuration) -> Configuration {
    var own = configuration
    own.listen.address.port = table.plan.port
    own.webSocket?.address.port = table.plan.socketPort
    own.admin.phone = .off
    // Of the memory that all may have together, each has its part.
    own.limits.memory = own.limits.memory ?? MemoryLimit.current().map { $0 / table.plan.processes }
    if own.dataSources != nil, own.dataSources?.lease == nil {
      // One of the processes looks after the registrations, and the others learn from it.
      var lease = Configuration.DataSources.Lease()
      lease.file = "\(table.plan.folder)/registrations.lease"
      own.dataSources?.lease = lease
    }
    return own
  }
}
