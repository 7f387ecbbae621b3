import ArgumentParser
import DataSources
import Foundation
import GatewayConfiguration
import PatchbayServer
import YAMLReading

/// What all `patchbay datasource` commands are told.
struct DataSourceOptions: ParsableArguments {
  @OptionGroup var file: ConfigurationFile

  @Option(
    help: ArgumentHelp(
      "The tenant: its organization or name. Needed where there are several with tokens of their own.",
      valueName: "tenant"))
  var org: String?

  @Option(
    help: ArgumentHelp(
      "The tenant's URL. Needed where the organization has several, as for gRPC and for WebSocket.", valueName: "url"))
  var url: String?

  @Flag(help: "Prints JSON instead of a table.")
  var json = false

  /// The interface with the tenant's tokens, and the tenant, if one is named or there is but one.
  func open() throws -> (client: DataSourceClient, access: DataSourceAccess, tenant: Configuration.Tenant?) {
    let configuration = try file.load()
    guard let access = DataSourceAccess(configuration) else {
      StandardError.write(
        "\(file.name): `data_sources` is missing; write "
          + "`data_sources: {client_id: …, client_secret_file: …, refresh_token_file: …, domains: […]}`")
      throw ExitCode(ConfigurationError.exitStatus)
    }
    let all = configuration.identity.tenants
    let tenants = all.filter { url == nil || $0.url == url }
    var tenant: Configuration.Tenant?
    if tenants.isEmpty, let url {
      throw CommandError("No tenant in \(file.name) has the URL \(url). URLs: \(Self.list(all.map(\.url))).")
    }
    if let org {
      let found = tenants.filter { $0.organization == org.lowercased() || $0.name == org }
      guard let first = found.first else {
        throw CommandError("There is no tenant '\(org)' in \(file.name). Tenants: \(Self.list(all.map(\.name))).")
      }
      try require(found.count == 1, "'\(org)' has several URLs; say which with --url: \(Self.list(found.map(\.url))).")
      tenant = first
    } else if tenants.count == 1 {
      tenant = tenants.first
    } else if tenants.contains(where: { $0.dataSource?.refreshTokenFile != nil }) {
      throw ValidationError("Say which tenant with --org: \(Self.list(tenants.map(\.name))).")
    }
    return (access.client(tenant), access, tenant)
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

  /// What the service answers; its failures are for people.
  func asking<Value: Sendable>(_ body: () async throws(DataSourceError) -> Value) async throws -> Value {
    do throws(DataSourceError) { return try await body() } catch { throw CommandError(error.description) }
  }

  /// Prints data sources, one a line, or as JSON.
  func show(_ sources: [DataSource]) {
    if json {
      DataSourceText.printJSON(["items": sources.map(DataSourceText.members)])
    } else if sources.isEmpty {
      print("There are no data sources.")
    } else {
      print(DataSourceText.table(sources))
    }
  }

  /// Prints one data source, field by field, or as JSON.
  ///
  /// - Parameter withClaims: what its current token says, too.
  func show(_ source: DataSource, withClaims: Bool = false) {
    if json {
      DataSourceText.printJSON(DataSourceText.members(source, withClaims: withClaims))
    } else {
      print(DataSourceText.fields(source, withClaims: withClaims))
    }
  }
}

/// Which data source is meant: by its id, or else the tenant's.
struct GivenDataSource: ParsableArguments {
  @Argument(help: ArgumentHelp("The data source's id. Default: the tenant's, by schema and URL.", valueName: "id"))
  var id: String?

  /// The data source.
  func find(_ client: DataSourceClient, _ tenant: Configuration.Tenant?) async throws(DataSourceError) -> DataSource {
    if let id = id ?? tenant?.dataSource?.id { return try await client.source(.read(id: id)) }
    guard let tenant else {
      throw DataSourceError(call: "data source", .credentials("which one is not said: name its id, or --org"))
    }
    let matches = try await client.list().filter { source in
      tenant.url == source.url && tenant.schemas.contains(source.schemaID.lowercased())
    }
    guard let first = matches.first else {
      throw DataSourceError(call: "GET /dataSources", .notFound, detail: "none has the URL \(tenant.url)")
    }
    guard matches.count == 1 else {
      throw DataSourceError(
        call: "GET /dataSources",
        .credentials("several have this URL, name one's id: \(matches.map(\.id).joined(separator: ", "))"))
    }
    return first
  }
}
