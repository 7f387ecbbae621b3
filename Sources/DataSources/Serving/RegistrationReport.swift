import Logging
import Metrics

/// Tells operators what happens to registrations: in the log by how bad it is, and in metrics whose labels are the
/// configuration's tenants and schemas.
struct RegistrationReport: Sendable {
  let log: Logger
  private let holder = Gauge(label: "patchbay_datasource_lease_held")

  init(log: Logger) { self.log = log }

  /// An event of a registration.
  func tell(_ event: RegistrationEvent, _ desired: DesiredRegistration) {
    var metadata: Logger.Metadata = [
      "org": "\(desired.organization)", "tenant": "\(desired.name)", "schema": "\(desired.schemaID)",
      "url": "\(desired.url)",
    ]
    func left(_ seconds: Int64?) { if let seconds { metadata["seconds_left"] = "\(seconds)" } }
    switch event {
    case .found(let id, let seconds):
      left(seconds)
      metadata["id"] = "\(id)"
      log.info("the data source is registered", metadata: metadata)
    case .ambiguous(let id, let count):
      metadata["id"] = "\(id)"
      log.warning("\(count) data sources have this schema and URL; one is looked after", metadata: metadata)
    case .registered(let id, let seconds):
      left(seconds)
      metadata["id"] = "\(id)"
      count("registered", desired)
      log.notice("the data source has been registered", metadata: metadata)
    case .mended(let fields, let seconds):
      left(seconds)
      metadata["fields"] = "\(fields.joined(separator: ", "))"
      count("mended", desired)
      log.warning("the data source was not as configured and has been mended", metadata: metadata)
    case .renewed(let seconds):
      left(seconds)
      count("renewed", desired)
      log.notice("the data source's token has been renewed", metadata: metadata)
    case .renewedElsewhere(let seconds):
      left(seconds)
      log.notice("the data source's token has been renewed by somebody else", metadata: metadata)
    case .grantedLess(let asked, let granted):
      metadata["asked_s"] = "\(asked)"
      metadata["granted_s"] = "\(granted)"
      log.warning(
        """
        Webex gives the data source's tokens a shorter life than data_source.lifetime asks for; they are renewed by \
        that
        """,
        metadata: metadata)
    case .disabledByOthers(let reason):
      metadata["reason"] = "\(reason)"
      log.error(
        "the data source has been disabled with this reason: Webex does not call; it is left so", metadata: metadata)
    case .lapsed(let seconds):
      metadata["seconds_ago"] = "\(seconds)"
      count("lapsed", desired)
      log.critical("the data source's token has ended: Webex does not call", metadata: metadata)
    case .recovered(let seconds):
      left(seconds)
      log.notice("the data source is alive again", metadata: metadata)
    case .failed(let failure, let seconds, let life, let wait):
      left(seconds)
      metadata["reason"] = "\(failure)"
      metadata["retry_in_s"] = "\(max(1, wait.components.seconds))"
      Counter(
        label: "patchbay_datasource_failures_total",
        dimensions: labels(tenant: desired.name, schema: desired.schemaID) + [("reason", failure.kind)]
      ).increment()
      if let seconds, seconds > life / 20 {
        log.warning("the data source could not be looked after", metadata: metadata)
      } else {
        log.error(
          "the data source could not be looked after, and its token is about to end or has ended", metadata: metadata)
      }
    }
  }

  /// Where all registrations stand. Of those of one tenant and schema, the one that ends first is told.
  func show(_ statuses: [RegistrationStatus], isHolder: Bool, now: Int64) {
    holder.record(isHolder ? 1 : 0)
    let lives = statuses.map { ([$0.name, $0.key.schemaID], (left: $0.secondsLeft(now: now) ?? 0, notice: $0.notice)) }
    for (names, life) in Dictionary(lives, uniquingKeysWith: { $0.left <= $1.left ? $0 : $1 }) {
      left(tenant: names[0], schema: names[1]).record(life.left)
      notice(tenant: names[0], schema: names[1]).record(life.notice)
    }
  }

  /// A registration is nobody's concern any more.
  func forget(_ desired: DesiredRegistration) {
    left(tenant: desired.name, schema: desired.schemaID).destroy()
    notice(tenant: desired.name, schema: desired.schemaID).destroy()
  }

  private func left(tenant: String, schema: String) -> Gauge {
    Gauge(label: "patchbay_datasource_seconds_left", dimensions: labels(tenant: tenant, schema: schema))
  }

  private func notice(tenant: String, schema: String) -> Gauge {
    Gauge(label: "patchbay_datasource_notice_seconds", dimensions: labels(tenant: tenant, schema: schema))
  }

  /// The registrations are somebody's concern again, or nobody's.
  func lease(_ standing: LeaseStanding, wasHeld: Bool?) {
    guard standing.isHeld != wasHeld else { return }
    let metadata: Logger.Metadata = ["owner": "\(standing.owner)", "fence": "\(standing.fence)"]
    if standing.isHeld {
      log.notice("this server looks after the data sources", metadata: metadata)
    } else {
      log.notice("another server looks after the data sources", metadata: metadata)
    }
  }

  private func count(_ change: String, _ desired: DesiredRegistration) {
    let labels = labels(tenant: desired.name, schema: desired.schemaID)
    Counter(label: "patchbay_datasource_changes_total", dimensions: labels + [("change", change)]).increment()
  }

  private func labels(tenant: String, schema: String) -> [(String, String)] {
    [("tenant", tenant), ("schema", schema)]
  }
}
