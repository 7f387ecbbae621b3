import ArgumentParser
import DataSources
import Foundation
import GatewayConfiguration
import PatchbayServer

/// `patchbay datasource`: what Webex has registered, and changing it.
struct DataSourceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasource",
    abstract: "Registers data sources with Webex, and looks after them by hand.",
    discussion: """
      Who asks is in the configuration's `data_sources`: the Service App's client id and secret, and its refresh token, \
      which is replaced in its file whenever Webex exchanges it. `patchbay serve` does all of this by itself for tenants \
      with a `data_source`; it learns of changes made here within data_sources.check (1 minute).
      """,
    subcommands: [
      List.self, Show.self, Register.self, Renew.self, Enable.self, Disable.self, Delete.self, Schemas.self,
    ])

  /// `patchbay datasource list`.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the data sources of the organization.")
    @OptionGroup var options: DataSourceOptions

    func run() async throws {
      let client = try options.open().client
      options.show(try await options.asking { () throws(DataSourceError) in try await client.list() })
    }
  }

  /// `patchbay datasource show`.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows a data source, field by field, and the claims of its current token.")
    @OptionGroup var given: GivenDataSource
    @OptionGroup var options: DataSourceOptions

    func run() async throws {
      let (client, _, tenant) = try options.open()
      options.show(
        try await options.asking { () throws(DataSourceError) in try await given.find(client, tenant) },
        withClaims: true)
    }
  }

  /// `patchbay datasource schemas`.
  struct Schemas: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the schemas there are, or shows one.")
    @Argument(help: ArgumentHelp("A schema's id.", valueName: "id"))
    var id: String?
    @OptionGroup var options: DataSourceOptions

    func run() async throws {
      let client = try options.open().client
      let schemas = try await options.asking { () throws(DataSourceError) in
        if let id { return [try await client.schema(id: id)] }
        return try await client.schemas()
      }
      if options.json {
        DataSourceText.printJSON(["items": schemas.map(DataSourceText.members)])
      } else {
        print(DataSourceText.table(schemas))
      }
    }
  }

  /// `patchbay datasource register`.
  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Registers the tenant's data sources, or mends what differs from the configuration.")
    @OptionGroup var options: DataSourceOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws {
      let (client, _, tenant) = try options.open()
      guard let tenant else { throw ValidationError("Say which tenant with --org.") }
      for desired in tenant.desiredRegistrations {
        let (source, call) = try await options.asking { () throws(DataSourceError) in
          try await OneRegistration(desired, client).settle(isTrial: change.dryRun)
        }
        if let call { DataSourceText.intent(call, json: options.json) } else if let source { options.show(source) }
      }
    }
  }

  /// `patchbay datasource renew`.
  struct Renew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Has a new token minted, with a fresh nonce.")
    @OptionGroup var given: GivenDataSource
    @OptionGroup var options: DataSourceOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws { try await change.replace(given, options) { _ in } }
  }

  /// `patchbay datasource enable`.
  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets Webex call again.")
    @OptionGroup var given: GivenDataSource
    @OptionGroup var options: DataSourceOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws {
      try await change.replace(given, options) {
        $0.status = .active
        $0.errorMessage = nil
      }
    }
  }

  /// `patchbay datasource disable`.
  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Has Webex call no more. `serve` leaves it so until `enable`.")
    @OptionGroup var given: GivenDataSource
    @Option(help: ArgumentHelp("Why: Webex shows it to the customer's administrators.", valueName: "text"))
    var message: String
    @OptionGroup var options: DataSourceOptions
    @OptionGroup var change: ChangeOptions

    func validate() throws {
      try require((1...512).contains(message.utf8.count), "--message has 1 to 512 bytes.")
    }

    func run() async throws {
      try await change.replace(given, options) {
        $0.status = .disabled
        $0.errorMessage = message
      }
    }
  }

  /// `patchbay datasource delete`.
  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes a data source.")
    @Argument(help: ArgumentHelp("The data source's id.", valueName: "id"))
    var id: String
    @OptionGroup var options: DataSourceOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws {
      let client = try options.open().client
      if change.dryRun { return DataSourceText.intent(.remove(id: id), json: options.json) }
      try await options.asking { () throws(DataSourceError) in try await client.remove(id: id) }
      if options.json { DataSourceText.printJSON(["removed": id]) } else { print("removed \(id)") }
    }
  }
}

/// What commands that change something are told.
struct ChangeOptions: ParsableArguments {
  @Flag(help: "Says what would be sent, and changes nothing.")
  var dryRun = false

  /// Replaces all fields of a data source, with a fresh nonce and what `edit` changes.
  func replace(
    _ given: GivenDataSource, _ options: DataSourceOptions, edit: @Sendable (inout DataSourceFields) -> Void
  ) async throws {
    let (client, _, tenant) = try options.open()
    let source = try await options.asking { () throws(DataSourceError) in try await given.find(client, tenant) }
    var fields = DataSourceFields(source, nonce: UUID().uuidString.lowercased())
    edit(&fields)
    if dryRun { return DataSourceText.intent(.replace(id: source.id, fields), json: options.json) }
    let sent = fields
    options.show(
      try await options.asking { () throws(DataSourceError) in
        try await client.source(.replace(id: source.id, sent))
      })
  }
}
