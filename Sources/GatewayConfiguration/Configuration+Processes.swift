import YAMLReading

extension Configuration {
  /// What does not go together with several processes on one port.
  func checkProcesses(_ whole: Section) {
    let section = whole.always("listen")
    if let first = listen.processPorts {
      guard listen.processes > 1 else {
        return section.report(
          "process_ports", "`listen.process_ports` has no effect with one process", "write `processes: 2` or more too")
      }
      let ports = first...(first + listen.processes - 1)
      if ports.upperBound > Int(UInt16.max) {
        section.report(
          "process_ports", "\(listen.processes) processes need the ports up to \(ports.upperBound)",
          "write \(Int(UInt16.max) - listen.processes + 1) at most")
      } else if ports.contains(Int(listen.address.port)) {
        section.report(
          "process_ports", "port \(listen.address.port) is the one that the processes share",
          "write \(Int(listen.address.port) + 1), or other free ports")
      }
    }
    guard listen.processes > 1 else { return }
    func refuse(_ problem: String, _ advice: String) { section.report("processes", problem, advice) }
    if isDemo || identity.isDevelopment {
      refuse(
        "each of \(listen.processes) processes would have an issuer of tokens of its own",
        "write `processes: 1`, or issuers instead of `development: true`: `patchbay token issuer` is one")
    }
    if cluster != nil {
      refuse(
        "the processes of one port are a cluster of their own, and `cluster` joins servers of one process each",
        "write `processes: 1` and start a server for each core, or remove `cluster`")
    }
    if admin.phone == .on {
      whole.always("admin").warn(
        "phone", "with several processes the admin port has no telephone", "remove `phone: true`")
    }
  }
}
