package import DataSources
package import GatewayConfiguration
import Locking
import Logging
import RedisClient
import ReplicaSharing
import Secrets
import TokenVerification

/// What the configuration says of data sources, in the terms of what does it: clients with their tokens, the registrar with
/// its lease.
package final class DataSourceAccess: Sendable {
  package let settings: Configuration.DataSources
  private let apps: (grpc: ServiceApp, socket: ServiceApp)
  /// One for each app and refresh token file: whoever uses the same file uses the same tokens.
  private let tokens = Locked<[String: RefreshedAccessToken]>([:])

  /// Nil where the configuration has no `data_sources`.
  package init?(_ configuration: Configuration) {
    guard let settings = configuration.dataSources else { return nil }
    self.settings = settings
    apps = (Self.serviceApp(settings.app(ofSockets: false)), Self.serviceApp(settings.app(ofSockets: true)))
  }

  private static func serviceApp(_ app: Configuration.DataSources.App) -> ServiceApp {
    ServiceApp(
      clientID: {
        guard let id = app.clientID else {
          throw Secret.ReadingError("data_sources.client_id is missing")
        }
        return id
      },
      clientSecret: { try Self.read(app.clientSecret, "client_secret") }, applicationID: app.applicationID)
  }

  /// The interface with a tenant's tokens, or the Service App's own.
  package func client(_ tenant: Configuration.Tenant? = nil) -> DataSourceClient {
    DataSourceClient(
      baseURL: settings.baseURL, form: settings.form,
      domains: RegisteredDomains(settings.app(ofSockets: tenant?.usesSocket ?? false).domains),
      tokens: tokenSource(tenant))
  }

  private func tokenSource(_ tenant: Configuration.Tenant?) -> any AccessTokenSource {
    let own = tenant?.dataSource?.refreshTokenFile
    let isSocket = tenant?.usesSocket ?? false
    let settings = settings.app(ofSockets: isSocket)
    if own == nil, let access = settings.accessToken {
      return GivenAccessToken { try Self.read(access, "access_token") }
    }
    return tokens.withLock { tokens in
      func source(_ path: String, organization: String?, parent: RefreshedAccessToken?) -> RefreshedAccessToken {
        // Without a file for either app, the two are still two.
        let key = path.isEmpty && isSocket ? "websocket" : path
        if let source = tokens[key] { return source }
        let source = RefreshedAccessToken(
          app: isSocket ? apps.socket : apps.grpc, file: RefreshTokenFile(path), organization: organization,
          parent: parent, baseURL: self.settings.baseURL)
        tokens[key] = source
        return source
      }
      let parent = settings.refreshTokenFile.map { source($0, organization: nil, parent: nil) }
      guard let own else { return parent ?? source("", organization: nil, parent: nil) }
      return source(own, organization: tenant?.organization, parent: parent)
    }
  }

  private static func read(_ secret: Secret?, _ key: String) throws(Secret.ReadingError) -> String {
    guard let secret else { throw Secret.ReadingError("data_sources.\(key)_file is missing") }
    return try secret.read()
  }

  /// The tenants' registrations that `serve` looks after.
  func registrations(_ configuration: Configuration) -> [Registrar.Registration] {
    configuration.identity.tenants.filter { $0.dataSource?.isRegistered == true }.flatMap { tenant in
      let client = client(tenant)
      return tenant.desiredRegistrations.map { Registrar.Registration($0, client: client) }
    }
  }

  /// Looks after them, and has the verifier take their nonces. There may be none yet: tenants can be added while it runs.
  ///
  /// - Parameter redis: the cluster's, for a lease that is there.
  func registrar(
    _ configuration: Configuration, tenants: TenantDirectory, redis: RedisConnection?, log: Logger
  ) -> Registrar {
    let registrations = registrations(configuration)
    var timing = RenewalTiming()
    timing.renewBefore = settings.renewBefore
    timing.check = settings.check
    var lease: any RenewalLease = SoleLease()
    if let shared = settings.lease {
      if let file = shared.file { lease = LockFileLease(path: file, life: shared.expiry) }
      if shared.isInRedis, let redis { lease = RedisLease(redis, life: shared.expiry) }
      timing.announcement = shared.announcement
    }
    return Registrar(registrations, lease: lease, timing: timing, log: log) {
      tenants.accept(nonces: $0.nonces, organization: $0.organization, url: $0.url, isAll: $0.isAll)
    }
  }
}

extension Configuration.Tenant {
  /// What is to be registered: a data source for each schema.
  package var desiredRegistrations: [DesiredRegistration] {
    schemas.map { schema in
      DesiredRegistration(
        organization: organization, name: name, id: dataSource?.id, schemaID: schema, url: url,
        audience: dataSource?.audience ?? audience, subject: dataSource?.subject ?? subject,
        lifetimeMinutes: Int(clamping: (dataSource?.lifetime ?? .seconds(86_400)).components.seconds / 60),
        disabledBecause: dataSource?.disabledBecause)
    }
  }
}
